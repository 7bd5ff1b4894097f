import { join } from 'node:path'
import { startChild } from '../../e2e/child.ts'
import { untouched, type Fault } from '../fault.ts'
import { judge } from '../judge.ts'
import { startReceiving } from '../one-way.ts'
import { reconfigure } from '../reconfigure.ts'
import { byHttp2, byWebSocket } from '../ways.ts'
import { untilReceived } from '../transfer.ts'

const target = 'killed.example.com:7'
const content = 'a service that is killed'
const underWayBytes = 256 * 1024
const program = join(import.meta.dirname, '..', 'service-program.ts')

export const upstreamKilled: Fault = {
  name: 'upstream-killed',
  done: 'the process of a service is killed (SIGKILL) with bytes that it has not read',
  holds: 'its clients are told; nobody else notices',
  isShort: true,
  terms: untouched,
  async run({ stage: { scope, rig } }) {
    const child = startChild(scope, process.execPath, [program, content])
    const [, port] = await child.says(/port (\d+)/)
    await reconfigure(rig, ({ routes, ...file }) => ({
      ...file,
      routes: [
        ...routes,
        {
          name: 'killed',
          from: `tcp+https://${target}`,
          to: `tcp://127.0.0.1:${port}`,
          allow_public_unauthenticated_access: true,
        },
      ],
    }))
    const ways = [byHttp2(scope, rig, target), byWebSocket(scope, rig, target)]
    const clients = await Promise.all(ways.map((way) => way.open()))
    // The kernel of a process that leaves bytes unread resets; with none it would say that the service has ended.
    for (const client of clients) client.write(Buffer.alloc(16 * 1024))
    const receiving = clients.map((client) => startReceiving(content, client))
    await untilReceived(receiving, underWayBytes, 'from the service that is killed')
    child.signal('SIGKILL')
    await Promise.all(receiving.map(({ over }) => over))
    const verdicts = receiving.map(({ look }) => judge(look()))
    for (const client of clients) client.destroy()
    const wrong = verdicts.filter((verdict) => verdict !== 'reported')
    if (wrong.length > 0)
      throw new Error(`clients of the service that was killed: ${wrong.join(', ')}`)
    return { clients: clients.length }
  },
}
