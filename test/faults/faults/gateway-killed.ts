import { broken, type Fault } from '../fault.ts'
import { untilBack } from '../stage.ts'

export const gatewayKilled: Fault = {
  name: 'gateway-killed',
  done: 'the gateway is killed (SIGKILL), and started again',
  holds: 'clients are told, and services behind connectors; other services as the kernel likes',
  setUp: () => ({}),
  terms: (way) => (way === 'connector' ? broken() : { expected: 'reported', excused: ['up'] }),
  async run({ stage: { rig, connector } }) {
    const child = rig.child()
    child.signal('SIGKILL')
    await child.ended
    await rig.start()
    // By itself, and a moment after the gateway.
    await untilBack(connector())
    return { kills: 1 }
  },
}
