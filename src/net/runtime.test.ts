// What net/runtime.ts says of the runtime, asked of the runtime itself.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as requestHttp, type IncomingMessage, type Server } from 'node:http'
import * as http2 from 'node:http2'
import { connect, type AddressInfo, type Server as NetServer } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import * as tls from 'node:tls'
import { isBun } from '../is-bun.ts'
import { runProgramSync } from '../program.fixture.ts'
import { createCertificateAuthority } from './certificate.ts'
import {
  answerHalfClosed,
  checkDeadlinesUnlistened,
  headTooLarge,
  httpFaultOf,
  isNotHttp,
  isNotTls,
  isRenegotiation,
  limitUnsent,
  onArrival,
  onLastAnswer,
  provideWebsocketMask,
  takeFromParser,
  takeRequestMaking,
} from './runtime.ts'

const authority = await createCertificateAuthority()
const pair = await authority.issue(['localhost'])

test('writers wait as soon as so many bytes wait to be sent', async (t) => {
  const server = http2.createServer()
  const port = await listen(t, server)
  const session = http2.connect(`http://127.0.0.1:${port}`)
  t.after(() => session.destroy())
  const stream = session.request({ ':method': 'POST' }).on('error', () => undefined)
  limitUnsent(stream, 1_000)
  assert.equal(stream.writableHighWaterMark, 1_000)
  assert.equal(stream.write(Buffer.alloc(999)), true)
  assert.equal(stream.write('.'), false)
  limitUnsent(new Writable(), 1)
})

test('what arrives is told whoever reads, and the end ahead of its readers', () => {
  const stream = new Readable({ read: () => undefined })
  const told: unknown[] = []
  onArrival(stream, { onBytes: (bytes) => told.push(bytes), onEnd: () => told.push('end') })
  stream.on('end', () => told.push('read'))
  for (const chunk of ['hello', '!', null]) stream.push(chunk)
  assert.deepEqual(told, [5, 1, 'end'])
  assert.equal(`${stream.read()}${stream.read()}`, 'hello!')
})

test('bytes and the end of an HTTP/2 stream are told while nobody reads it', async (t) => {
  const server = http2.createServer()
  const port = await listen(t, server)
  const session = http2.connect(`http://localhost:${port}`)
  t.after(() => session.destroy())
  const whole = new Promise<number>((resolve) => {
    server.once('stream', (stream: http2.ServerHttp2Stream) => {
      let got = 0
      onArrival(stream, { onBytes: (bytes) => (got += bytes), onEnd: () => resolve(got) })
    })
  })
  session.request({ ':method': 'POST', ':path': '/' }, { endStream: false }).end('12345')
  assert.equal(await whole, 5)
})

test('bytes of the body of a request are told while nobody reads it', async (t) => {
  const server = createServer()
  const port = await listen(t, server)
  const whole = new Promise<number>((resolve) => {
    server.once('request', (request) => {
      let got = 0
      onArrival(request, { onBytes: (bytes) => (got += bytes), onEnd: () => resolve(got) })
    })
  })
  const asked = requestHttp({ port, method: 'POST' }).on('error', () => undefined)
  t.after(() => asked.destroy())
  asked.end('12345')
  assert.equal(await whole, 5)
})

// On Bun it is done without (http1-deadlines.ts).
test('a server that never listens checks the deadlines of heads', { skip: isBun }, async (t) => {
  const server = createServer({ headersTimeout: 50, connectionsCheckingInterval: 20 })
  checkDeadlinesUnlistened(server)
  t.after(() => server.close())
  const client = await connectTo(t, server)
  client.write('GET / HTTP/1.1\r\n')
  const [error] = (await once(server, 'clientError')) as [Error]
  assert.equal(httpFaultOf(error), 'too-slow')
})

test('whoever has ended their side after a request still gets a late answer', async (t) => {
  const answers: (() => void)[] = []
  const server = createServer(({ url }, response) => {
    if (url === '/late') answers.push(() => response.end('late'))
    else response.end()
  })
  answerHalfClosed(server)
  const port = await listen(t, server)
  const socket = connect({ port, host: 'localhost', allowHalfOpen: true })
  t.after(() => socket.destroy())
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
  const ended = once(socket, 'end')
  socket.end('GET /late HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await once(socket, 'finish')
  // Bun's own connections do not tell of that end before the answer: what comes after it is served after it.
  for (let asked = 0; asked < 2 || answers.length === 0; asked += 1) await ask(port)
  answers[0]?.()
  await ended
  assert.match(answer, /^HTTP\/1\.1 200 .*late/s)
})

test('a connection is ended by us after its last answer, and what still comes meets no parser', async (t) => {
  const server = createServer((_request, response) => response.end('done'))
  const taken = new Promise<string>((resolve) => {
    onLastAnswer(server, (socket) => {
      takeFromParser(socket, () => {
        let rest = ''
        socket.on('data', (chunk: Buffer) => (rest += String(chunk)))
        socket.on('end', () => resolve(rest))
        socket.end()
      })
    })
  })
  server.on('clientError', (error) => assert.fail(error))
  const client = await connectTo(t, server)
  client.write('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 90\r\n\r\n')
  await once(client, 'data')
  client.end('nonsense\r\n\r\n')
  assert.match(await taken, /nonsense\r\n\r\n$/)
})

test('requests of an HTTP/2 server are made of the streams that it is told to', async (t) => {
  const server = http2.createServer((request, response) => response.end(request.url))
  const makeRequest = takeRequestMaking(server)
  server.on('stream', (stream: http2.ServerHttp2Stream, headers, flags, rawHeaders) => {
    if (headers[':path'] === '/page') makeRequest(stream, headers, flags, rawHeaders)
    else stream.end('a stream')
  })
  const session = http2.connect(`http://localhost:${await listen(t, server)}`)
  t.after(() => session.destroy())
  const answers = ['/page', '/other'].map(async (path) => {
    const stream = session.request({ ':path': path })
    return String(Buffer.concat(await stream.toArray()))
  })
  assert.deepEqual(await Promise.all(answers), ['/page', 'a stream'])
})

test('a head that is too large and what is no HTTP are told apart', async (t) => {
  const server = createServer({ maxHeaderSize: 100 })
  const faultOf = async (text: string): Promise<Error> => {
    const client = await connectTo(t, server)
    client.write(text)
    const [error, socket] = (await once(server, 'clientError')) as [Error, { destroy(): void }]
    socket.destroy()
    return error
  }
  const large = await faultOf(`GET / HTTP/1.1\r\nX: ${'x'.repeat(200)}\r\n\r\n`)
  assert.deepEqual([httpFaultOf(large), isNotHttp(large)], ['head-too-large', true])
  const nonsense = await faultOf('nonsense\r\n\r\n')
  assert.deepEqual([httpFaultOf(nonsense), isNotHttp(nonsense)], [undefined, true])
  assert.equal(httpFaultOf(headTooLarge('more than 3 fields')), 'head-too-large')
  assert.equal(isNotHttp(new Error('another')), false)
})

test('plain HTTP where a handshake should be is told, a CONNECT included', async (t) => {
  const server = tls.createServer(pair)
  const port = await listen(t, server)
  for (const head of ['GET / HTTP/1.1\r\n\r\n', 'CONNECT a:1 HTTP/1.1\r\n\r\n']) {
    const client = connect({ port, host: '127.0.0.1' }).on('error', () => undefined)
    client.write(head)
    const [error] = (await once(server, 'tlsClientError')) as [Error]
    assert.equal(httpFaultOf(error), 'plain-http', head)
    client.destroy()
  }
})

test('a server that speaks no TLS is told by its client', async (t) => {
  const server = createServer((_request, response) => response.end())
  server.on('clientError', (_error, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const port = await listen(t, server)
  const client = tls.connect({ port, host: '127.0.0.1' })
  const [error] = (await once(client, 'error')) as [Error]
  assert.equal(isNotTls(error), true)
  assert.equal(isNotTls(new Error('another')), false)
})

// BoringSSL begins none, so that nobody asks for it here.
test('another handshake on a connection that allows none is told', { skip: isBun }, async (t) => {
  const server = tls.createServer({ ...pair, maxVersion: 'TLSv1.2' })
  const refused = new Promise<Error>((resolve) => {
    server.once('secureConnection', (socket) => {
      socket.disableRenegotiation()
      socket.on('error', resolve)
    })
  })
  const port = await listen(t, server)
  const client = tls.connect({ port, ca: authority.cert, servername: 'localhost' })
  client.on('error', () => undefined)
  t.after(() => client.destroy())
  await once(client, 'secureConnect')
  client.renegotiate({}, () => undefined)
  assert.equal(isRenegotiation(await refused), true)
})

test('masking of our own is where ws looks for it', () => {
  const mask = (): void => undefined
  provideWebsocketMask({ websocketMask: mask, websocketUnmask: mask })
  assert.ok('websocketMask' in process.getBuiltinModule('node:http'))
})

/** Hands a connection to a server that may never listen. */
async function connectTo(t: TestContext, server: Server) {
  const { createServer: createListener } = process.getBuiltinModule('node:net')
  const listener = createListener({ allowHalfOpen: true }, (socket) =>
    server.emit('connection', socket),
  )
  const port = await listen(t, listener)
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  client.on('error', () => undefined)
  t.after(() => client.destroy())
  await once(client, 'connect')
  return client
}

async function ask(port: number): Promise<void> {
  const [response] = (await once(requestHttp({ port, agent: false }).end(), 'response')) as [
    IncomingMessage,
  ]
  await once(response.resume(), 'end')
}

async function listen(t: TestContext, server: NetServer | http2.Http2Server): Promise<number> {
  server.listen(0, 'localhost')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

// That collector is V8's.
test(
  'what is allocated for the sake of the collector takes addresses and no memory',
  { skip: isBun },
  () => {
    const script = `
    const { tuneMemory } = await import(process.argv[1])
    const before = process.memoryUsage()
    tuneMemory()
    const after = process.memoryUsage()
    console.log(JSON.stringify([after.external - before.external, after.rss - before.rss]))
  `
    const url = new URL('runtime.ts', import.meta.url).href
    const { stdout, stderr } = runProgramSync(process.execPath, [
      '--input-type=module',
      '--eval',
      script,
      url,
    ])
    assert.notEqual(stdout, '', stderr)
    const [allocated = 0, resident = 0] = JSON.parse(stdout) as number[]
    assert.ok(allocated >= 64 * 1024 * 1024, `${allocated} bytes`)
    assert.ok(resident < 16 * 1024 * 1024, `${resident} bytes in memory`)
  },
)
