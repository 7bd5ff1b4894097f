import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { sha256, startService } from './services.ts'
import type { Scope } from './scope.ts'

// A client's head: what it wants (1 byte), and how many bytes follow (4 bytes).
const headBytes = 5
const digestBytes = 32
const wants = { bothWays: 0, echo: 1, echoAndEnd: 2 } as const

/** A service of length-framed exchanges, for ways that cannot tell the end of one direction. */
export interface FramedService {
  readonly port: number
  /** Resolves to the connection that the service accepts next. */
  accepted(): Promise<Socket>
}

/** Starts one that sends `reply` while it takes what a client sends. */
export async function startFramedService(scope: Scope, reply = Buffer.alloc(0)) {
  const waiting: ((socket: Socket) => void)[] = []
  const port = await startService(scope, (socket) => {
    waiting.shift()?.(socket)
    void serve(socket, reply).catch(() => socket.destroy())
  })
  const accepted = (): Promise<Socket> => new Promise((resolve) => waiting.push(resolve))
  return { port, accepted } satisfies FramedService
}

async function serve(socket: Socket, reply: Buffer): Promise<void> {
  const take = taker(socket)
  for (;;) {
    const head = await take(headBytes)
    const want = head[0]
    const length = head.readUInt32BE(1)
    if (want === wants.bothWays) {
      const size = Buffer.alloc(4)
      size.writeUInt32BE(reply.length)
      socket.write(Buffer.concat([size, reply]))
      socket.write(Buffer.from(sha256(await take(length)), 'hex'))
      continue
    }
    const bytes = await take(length)
    if (want === wants.echoAndEnd) socket.end(bytes)
    else socket.write(bytes)
  }
}

/** Sends `payload` while it takes the service's reply; resolves to the SHA-256 of each, as the other end has it. */
export async function transferBothWays(
  way: Duplex,
  payload: Buffer,
): Promise<{ readonly up: string; readonly down: string }> {
  const take = taker(way)
  way.write(headFor('bothWays', payload.length))
  way.write(payload)
  const length = (await take(4)).readUInt32BE(0)
  const down = sha256(await take(length))
  return { up: (await take(digestBytes)).toString('hex'), down }
}

/** Sends bytes of its own and resolves when they have come back, and the one who `ends` has done so. */
export async function exchangeAndEnd(way: Duplex, ends: 'client' | 'service'): Promise<void> {
  const bytes = randomBytes(512)
  const take = taker(way)
  way.write(headFor(ends === 'client' ? 'echo' : 'echoAndEnd', bytes.length))
  way.write(bytes)
  if (!(await take(bytes.length)).equals(bytes)) throw new Error('the echo is another')
  if (ends === 'client') way.destroy()
  else await take(1).then(refuseMore, () => way.destroy())
}

function refuseMore(): never {
  throw new Error('the service has not ended')
}

function headFor(want: keyof typeof wants, length: number): Buffer {
  const head = Buffer.alloc(headBytes)
  head[0] = wants[want]
  head.writeUInt32BE(length, 1)
  return head
}

/** Takes so many bytes each time; rejects when the other end has ended before. */
function taker(way: Duplex): (bytes: number) => Promise<Buffer> {
  let kept: Buffer[] = []
  let keptBytes = 0
  const source = way[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  return async (wanted) => {
    while (keptBytes < wanted) {
      const { value, done } = await source.next()
      if (done === true) throw new Error(`ended after ${keptBytes} of ${wanted} bytes`)
      kept.push(value)
      keptBytes += value.length
    }
    const all = Buffer.concat(kept)
    kept = all.length > wanted ? [all.subarray(wanted)] : []
    keptBytes -= wanted
    return all.subarray(0, wanted)
  }
}
