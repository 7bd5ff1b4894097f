// Tunnels of somebody whom nothing is about: what they notice of others' cut.
import { once } from 'node:events'
import type { ClientHttp2Stream } from 'node:http2'
import { percentile } from '../statistics.ts'
import { openTunnels, type Gateway } from './crowd.ts'

export interface Beside {
  /** Forgets what was measured so far. */
  restart(): void
  /** Since then. Throws where a tunnel has ended, or an answer is not what was sent. */
  figures(): BesideFigures
  close(): void
}

export interface BesideFigures {
  /** Round trips of 64 bytes, in milliseconds. */
  readonly besideP50Ms: number
  readonly besideP99Ms: number
  readonly besideMaxMs: number
  readonly besidePings: number
}

const messageBytes = 64
/** Between an answer and the next question of one tunnel, in milliseconds. */
const pauseMs = 5

/** Opens so many tunnels to an echo, each of which asks again as soon as it is answered. */
export async function startBeside(
  gateway: Gateway,
  credential: string,
  authority: string,
  size: number,
  /** What the service is told first: to echo. */
  order: Buffer,
): Promise<Beside> {
  const streams = await openTunnels(gateway, credential, authority, size)
  let times: number[] = []
  let fault: Error | undefined
  let isOver = false
  for (const stream of streams) stream.write(order)
  const pinging = streams.map((stream, index) =>
    ping(stream, index, (ms) => times.push(ms)).catch((error: unknown) => {
      if (!isOver) fault ??= error instanceof Error ? error : new Error(String(error))
    }),
  )
  await Promise.race([new Promise((resolve) => setTimeout(resolve, 100)), ...pinging])
  return {
    restart: () => void (times = []),
    figures() {
      if (fault !== undefined) throw fault
      return {
        besideP50Ms: percentile(times, 50),
        besideP99Ms: percentile(times, 99),
        besideMaxMs: times.reduce((most, ms) => Math.max(most, ms), 0),
        besidePings: times.length,
      }
    },
    close() {
      isOver = true
      for (const stream of streams) stream.session?.destroy()
    },
  }
}

async function ping(
  stream: ClientHttp2Stream,
  index: number,
  tell: (ms: number) => void,
): Promise<never> {
  const ended = once(stream, 'close').then(() => {
    throw new Error('a tunnel that nothing was about has ended')
  })
  for (let round = 0; ; round++) {
    const message = Buffer.alloc(messageBytes, `${index}.${round}.`)
    const startedMs = performance.now()
    const answered = read(stream)
    stream.write(message)
    if (!(await Promise.race([answered, ended])).equals(message)) {
      throw new Error('a tunnel that nothing was about got other bytes than it sent')
    }
    tell(performance.now() - startedMs)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

function read(stream: ClientHttp2Stream): Promise<Buffer> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0)
    stream.on('data', function onData(chunk: Buffer) {
      received = Buffer.concat([received, chunk])
      if (received.length < messageBytes) return
      stream.off('data', onData)
      resolve(received)
    })
  })
}
