import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestListener, ServerResponse } from 'node:http'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { systemClock } from '../../clock.ts'
import { silentLogger } from '../../log.ts'
import { serveAdmitted, type HttpTimes } from './admitted-http.ts'

const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n'

describe('a connection to the window', { concurrency: true }, () => {
  test('whose head comes too slowly gets 408, and is closed', async (t) => {
    const socket = await open(t, echo, { headMs: 100, requestMs: 100 })
    const rest = restOf(socket)
    socket.write(head.slice(0, 30))
    assert.match(await rest, /^HTTP\/1\.1 408 /)
  })

  test('whose body comes too slowly gets 408, and is closed', async (t) => {
    const socket = await open(t, echo, { headMs: 100, requestMs: 200 })
    const rest = restOf(socket)
    socket.write(`${head}ab`)
    assert.match(await rest, /^HTTP\/1\.1 408 /)
  })

  test('may have one request after the other, each with its time', async (t) => {
    const reach = await serve(t, echo, { headMs: 500, requestMs: 500 })
    const socket = await reach()
    for (let asked = 0; asked < 3; asked += 1) {
      socket.write(`${head}abcd`)
      assert.match(await untilBytes(socket, /abcd$/), /^HTTP\/1\.1 200 /)
      // Longer than a request may take.
      await untilOtherIsLate(reach)
    }
  })

  test('whose answer is late keeps it', async (t) => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<ServerResponse>()
    const late: RequestListener = (request, response) => {
      request.resume().on('end', () => ask(response))
    }
    const reach = await serve(t, late, { headMs: 100, requestMs: 100 })
    const socket = await reach()
    const answer = untilBytes(socket, /late$/)
    socket.write(`${head}abcd`)
    const response = await asked
    await untilOtherIsLate(reach)
    response.end('late')
    assert.match(await answer, /^HTTP\/1\.1 200 /)
  })

  for (const heeds of [true, false]) {
    const what = heeds ? 'waits for it' : 'goes on to write'
    test(`whose reader stalls is cut, where the answer ${what}`, async (t) => {
      const { promise: cut, resolve } = Promise.withResolvers<void>()
      const endless: RequestListener = (_, response) => {
        const piece = Buffer.alloc(64 * 1024)
        const write = (): void => {
          while (response.write(piece));
          response.once('drain', write)
        }
        write()
        const timer = setInterval(() => heeds || response.write('a'), 100)
        response.once('close', () => {
          clearInterval(timer)
          resolve()
        })
      }
      const socket = await open(t, endless, { silenceMs: 1_000 })
      socket.pause().write(`${head}abcd`)
      await cut
    })
  }
})

const echo: RequestListener = (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined)
  request.on('end', () => response.end(Buffer.concat(chunks)))
}

/** Resolves once the same server has closed a connection whose head came too slowly: its deadlines were looked at. */
async function untilOtherIsLate(reach: () => Promise<Socket>): Promise<void> {
  const other = await reach()
  const rest = restOf(other)
  other.write(head.slice(0, 30))
  assert.match(await rest, /^HTTP\/1\.1 408 /)
}

async function open(t: TestContext, listener: RequestListener, times: HttpTimes): Promise<Socket> {
  return (await serve(t, listener, times))()
}

/** Serves until the end of the test; resolves to what connects to it. */
async function serve(
  t: TestContext,
  listener: RequestListener,
  times: HttpTimes,
): Promise<() => Promise<Socket>> {
  const front = createServer().listen(0, '127.0.0.1')
  await once(front, 'listening')
  const options = { admission: undefined, log: silentLogger, clock: systemClock }
  const served = serveAdmitted(front, { ...options, listener, times })
  t.after(() => served.close(0))
  return async () => {
    const socket = connect((front.address() as AddressInfo).port, '127.0.0.1')
    t.after(() => socket.destroy())
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }
}

async function restOf(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await once(socket, 'close')
  return text
}

function untilBytes(socket: Socket, end: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const take = (chunk: Buffer): void => {
      text += chunk.toString()
      if (!end.test(text)) return
      socket.off('data', take).off('close', fail)
      resolve(text)
    }
    const fail = (): void => reject(new Error(`closed after "${text}"`))
    socket.on('data', take).once('close', fail)
  })
}
