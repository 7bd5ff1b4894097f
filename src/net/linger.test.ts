import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer as createListener, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { lingerOnClose } from './linger.ts'

const mebibyte = Buffer.alloc(1024 * 1024, 'x')

/** A server that refuses every body unread, and what it was asked for. */
async function startServer(
  t: TestContext,
  answer = (_request: IncomingMessage, response: ServerResponse): void =>
    void response.writeHead(413, { connection: 'close' }).end('too large'),
): Promise<{ open(): Promise<Socket>; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  })
  server.on('clientError', (error, socket) => {
    asked.push(error.message)
    socket.destroy()
  })
  lingerOnClose(server)
  const sockets = new Set<Socket>()
  // As the port does it.
  const listener = createListener({ allowHalfOpen: true }, (one) => {
    sockets.add(one)
    server.emit('connection', one)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.after(() => {
    listener.close()
    for (const one of sockets) one.destroy()
  })
  const { port } = listener.address() as AddressInfo
  return {
    asked,
    async open() {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      t.after(() => socket.destroy())
      await once(socket, 'connect')
      return socket
    },
  }
}

function head(path: string, length: number): string {
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`
}

/** Writes it all before it reads anything, as simple programs do. */
async function write(socket: Socket, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}

/** What is read from here on. */
function collect(socket: Socket): { text: string } {
  const read = { text: '' }
  socket.on('data', (chunk: Buffer) => (read.text += chunk.toString('latin1')))
  return read
}

/** Unlike `once` it takes an error for the end that it is. */
async function whenClosed(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.on('error', () => undefined).once('close', () => resolve())
  })
}

test('an answer reaches who reads only after the whole body has been written', async (t) => {
  const server = await startServer(t)
  const socket = await server.open()
  await write(socket, Buffer.from(head('/', 8 * mebibyte.length)))
  for (let sent = 0; sent < 8; sent++) await write(socket, mebibyte)
  const answer = collect(socket)
  await once(socket, 'end')
  assert.match(answer.text, /^HTTP\/1\.1 413 .*too large\r\n0\r\n\r\n$/s)
  socket.end()
  await once(socket, 'close')
})

test('what comes after a last answer is no request, and an end in its body no broken one', async (t) => {
  const server = await startServer(t)
  const socket = await server.open()
  const answers = collect(socket)
  socket.write(`${head('/first', 5)}hello`)
  // What comes in one piece with the first is parsed with it.
  await once(socket, 'end')
  await write(socket, Buffer.from(`${head('/second', 0)}nonsense`))
  socket.end()
  await once(socket, 'close')
  assert.equal(answers.text.split('HTTP/1.1 ').length, 2)
  const other = await server.open()
  other.resume().write(`${head('/other', 10)}hello`)
  await once(other, 'end')
  other.end()
  await once(other, 'close')
  assert.deepEqual(server.asked, ['/first', '/other'])
})

test('who goes on for too long, or with too much, is cut', async (t) => {
  const server = await startServer(t)
  const silent = await server.open()
  // Its own end never comes: a write after ours fails once the connection has been cut.
  silent.resume().write(head('/', 10))
  await once(silent, 'end')
  const cut = whenClosed(silent)
  const knocking = setInterval(() => silent.write('x'), 100)
  t.after(() => clearInterval(knocking))

  const greedy = await server.open()
  greedy.resume().write(head('/', 1_000 * mebibyte.length))
  let sent = 0
  const more = (): void => {
    sent += 1
    greedy.write(mebibyte, (error) => error ?? more())
  }
  more()
  await whenClosed(greedy)
  // Beyond the bound, what the buffers of the kernel hold.
  assert.ok(sent < 64, `${sent} MiB`)
  await cut
})

test('a connection that goes on is left alone', async (t) => {
  const server = await startServer(t, (request, response) => {
    request.resume()
    response.end('fine')
  })
  const socket = await server.open()
  for (const path of ['/1', '/2']) {
    socket.write(`${head(path, 5)}hello`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.match(answer.toString(), /keep-alive/i)
  }
  assert.deepEqual(server.asked, ['/1', '/2'])
})
