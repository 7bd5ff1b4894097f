import { once } from 'node:events'
import { createMemoryCage, memoryOf } from '../../bad-input/memory-cage.ts'
import { untouched, type Fault } from '../fault.ts'
import { openTarget } from '../stage.ts'
import { byHttp2 } from '../ways.ts'

const limitMib = 256
/** Each with as much under way as one may have. */
const stoppedReaders = 80
const floodBytes = 4 * 1024 * 1024

export const memoryShort: Fault = {
  name: 'memory-short',
  done: `the gateway may have ${limitMib} MiB, and ${stoppedReaders} clients stop reading while their services send`,
  holds: 'everything comes out whole, and the gateway lives',
  setUp: (scope) => ({ launcher: createMemoryCage(scope, limitMib * 1024 * 1024).launcher }),
  cannotBeTried: () =>
    process.getuid?.() === 0 ? undefined : 'only root limits the memory of others',
  terms: untouched,
  async run({ stage: { scope, rig, service } }) {
    const { pid } = rig.child()
    const way = byHttp2(scope, rig, openTarget)
    const clients = []
    for (let count = 0; count < stoppedReaders; count += 1) {
      const client = await way.open()
      const { head, arrives } = service.expect()
      client.write(head)
      const socket = await arrives
      socket.write(Buffer.alloc(floodBytes))
      client.pause()
      clients.push({ client, socket })
    }
    const { resident } = await memoryOf(pid)
    for (const { client, socket } of clients) {
      socket.destroy()
      client.destroy()
      if (!client.closed) await once(client, 'close')
    }
    if (rig.child().pid !== pid) throw new Error('the gateway was started again')
    return { 'stopped readers': clients.length, 'MiB resident': Math.round(resident) }
  },
}
