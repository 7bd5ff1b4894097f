import { setTimeout as wait } from 'node:timers/promises'
import { untouched, type Fault } from '../fault.ts'

const stopMs = 8_000

export const gatewayStopped: Fault = {
  name: 'gateway-stopped',
  done: 'the gateway is stopped (SIGSTOP) for 8 s, and goes on (SIGCONT)',
  holds: 'everything comes out whole; a connector may have taken its gateway for lost, and tell so',
  // It asks the gateway every few seconds, and finds the dead within ten.
  terms: (way) => (way === 'connector' ? { expected: 'either' } : untouched()),
  async run({ stage: { rig } }) {
    rig.child().signal('SIGSTOP')
    await wait(stopMs)
    rig.child().signal('SIGCONT')
    return { stops: 1 }
  },
}
