import type { PageResponse } from './port-handlers.ts'
import type { Exchange } from '../peers/peer.ts'

/** What is handed over at once: one TLS record (RFC 8446 §5.1), one frame of HTTP/2. */
const pieceBytes = 16 * 1024

/**
 * Writes an answer piece by piece, each only when the one before it has been taken: what a slow reader
 * leaves is held once, and not yet encrypted. An answer that says its length may be made piece by piece, too; every
 * other one is made whole first. Never rejects; what cannot be written to its end is aborted.
 */
export async function writeAnswer(
  answer: Response,
  response: PageResponse,
  exchange: Exchange,
): Promise<void> {
  const closed = new Promise<'closed'>((resolve) => response.once('close', () => resolve('closed')))
  try {
    const headers = headersOf(answer)
    const chunks = await chunksOf(answer, headers)
    if (isGone(response)) return
    response.statusCode = answer.status
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    for await (const chunk of chunks) {
      exchange.hold(chunk.byteLength)
      for (const piece of piecesOf(chunk)) {
        if ((await Promise.race([written(response, piece), closed])) === 'closed') return
        exchange.progressed()
      }
    }
    exchange.hold(0)
    response.end()
  } catch {
    response.destroy()
  }
}

type Headers = Record<string, string | string[]>
type Chunks = AsyncIterable<Uint8Array> | readonly Uint8Array[]

/** The body; its length is added to the headers where they have none. */
async function chunksOf(answer: Response, headers: Headers): Promise<Chunks> {
  if (answer.body === null) return []
  if (headers['content-length'] !== undefined) return answer.body
  const whole = new Uint8Array(await answer.arrayBuffer())
  headers['content-length'] = String(whole.byteLength)
  return [whole]
}

function* piecesOf(chunk: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < chunk.byteLength; from += pieceBytes)
    yield chunk.subarray(from, from + pieceBytes)
}

function written(response: PageResponse, piece: Uint8Array): Promise<'written' | 'closed'> {
  return new Promise((resolve) => {
    const done = (error?: Error | null): void => resolve(error ? 'closed' : 'written')
    if ('stream' in response) response.write(piece, done)
    else response.write(piece, done)
  })
}

function headersOf({ headers }: Response): Headers {
  const cookies = headers.getSetCookie()
  const rest = Object.fromEntries(headers)
  return cookies.length === 0 ? rest : { ...rest, 'set-cookie': cookies }
}

function isGone(response: PageResponse): boolean {
  return 'stream' in response ? response.stream.destroyed : response.destroyed
}
