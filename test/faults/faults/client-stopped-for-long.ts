import { inTime } from '../../e2e/child.ts'
import { byLocalPort } from '../ways.ts'
import { untouched, type Fault } from '../fault.ts'

/** Three intervals of 25 s without an answer, and what a look may be late. */
const maxLossMs = 150_000

export const clientStoppedForLong: Fault = {
  name: 'client-stopped-for-long',
  done: '`postern tcp` is stopped until the gateway takes it for lost, and goes on',
  holds: 'the service is told as it is taken for lost, the program behind the client as it goes on',
  terms: untouched,
  async run({ start, stage }) {
    const client = await stage.startClient()
    const terms = { expected: 'reported' } as const
    const { up, down } = await start(byLocalPort('postern tcp', client), terms)
    client.child.signal('SIGSTOP')
    await inTime(up.over, () => 'the client that answers nothing is not lost', maxLossMs)
    client.child.signal('SIGCONT')
    await inTime(down.over, () => 'the client that goes on does not notice')
    return { stops: 1 }
  },
}
