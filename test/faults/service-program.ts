// A service to be killed: it sends the content that is its argument for as long as anybody takes it, and reads nothing.
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { keystream } from './keystream.ts'

const [content = ''] = process.argv.slice(2)

async function serve(socket: Socket): Promise<void> {
  socket.on('error', () => undefined)
  const next = keystream(content)
  while (socket.writable) {
    if (!socket.write(next(16 * 1024)))
      await new Promise((resolve) => socket.once('drain', resolve))
    await wait(30)
  }
}

const server = createServer({ pauseOnConnect: true }, (socket) => void serve(socket)).listen(
  0,
  '127.0.0.1',
  () => {
    process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`)
  },
)
