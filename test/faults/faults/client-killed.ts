import { byLocalPort, byHttp2, byWebSocket } from '../ways.ts'
import { openTarget } from '../stage.ts'
import { untouched, type Fault } from '../fault.ts'

export const clientKilled: Fault = {
  name: 'client-killed',
  done: '`postern tcp` is killed (SIGKILL), and clients over HTTP/2 and a WebSocket lose their connection',
  holds: 'the service is told each time; nobody else notices',
  isShort: true,
  terms: untouched,
  async run({ start, stage }) {
    const client = await stage.startClient()
    // Of what a killed process had open its kernel makes an end or a reset as it likes.
    await start(byLocalPort('postern tcp', client), { expected: 'reported', excused: ['down'] })
    const { scope, rig } = stage
    const others = await Promise.all(
      [byHttp2(scope, rig, openTarget), byWebSocket(scope, rig, openTarget)].map(async (way) => {
        let lose: () => void = () => undefined
        const transfer = await start(
          { ...way, open: async () => way.open((socket) => (lose = () => void socket.destroy())) },
          { expected: 'reported' },
        )
        return { transfer, lose }
      }),
    )
    client.child.signal('SIGKILL')
    for (const { lose } of others) lose()
    await client.child.ended
    return { clients: others.length + 1 }
  },
}
