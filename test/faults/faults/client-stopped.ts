import { setTimeout as wait } from 'node:timers/promises'
import { byLocalPort } from '../ways.ts'
import { untouched, type Fault } from '../fault.ts'

const stopMs = { short: 1_500, long: 20_000 } as const

export const clientStopped: Fault = {
  name: 'client-stopped',
  done: '`postern tcp` is stopped (SIGSTOP) for 20 s, and goes on (SIGCONT)',
  holds: 'everything comes out whole',
  isShort: true,
  terms: untouched,
  async run({ start, stage, isShort }) {
    const client = await stage.startClient()
    await start(byLocalPort('postern tcp', client), { expected: 'whole' })
    client.child.signal('SIGSTOP')
    await wait(isShort ? stopMs.short : stopMs.long)
    client.child.signal('SIGCONT')
    return { stops: 1 }
  },
}
