import type { PageResponse } from './port-handlers.ts'
import type { Exchange } from '../peers/peer.ts'

/** What is handed over at once: one TLS record (RFC 8446 §5.1), one frame of HTTP/2. */
const pieceBytes = 16 * 1024

/**
 * By this field (nginx's) an answer says that it is to arrive as it is made, whatever is on its way; so it is not
 * waited for here either.
 */
const unbuffered = 'x-accel-buffering'

/**
 * Writes an answer piece by piece, each only when the one before it has been taken: what a slow reader
 * leaves is held once, and not yet encrypted. An answer that says its length may be made piece by piece, too, and one
 * that says `X-Accel-Buffering: no`; every other one is made whole first. Its body is cancelled as soon as its reader
 * has gone. Never rejects; what cannot be written to its end is aborted.
 */
export async function writeAnswer(
  answer: Response,
  response: PageResponse,
  exchange: Exchange,
): Promise<void> {
  // Not by `Promise.race`, which keeps something of each wait until the other promise settles.
  let leave = (): void => undefined
  response.once('close', () => leave())
  try {
    const headers = headersOf(answer)
    const body = await bodyOf(answer, headers)
    const reader = body?.getReader()
    leave = () => void reader?.cancel().catch(() => undefined)
    if (isGone(response)) return leave()
    response.statusCode = answer.status
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    for (;;) {
      const { done = true, value } = (await reader?.read()) ?? {}
      if (isGone(response)) return leave()
      if (done || value === undefined) break
      exchange.hold(value.byteLength)
      for (const piece of piecesOf(value)) {
        if (!(await written(response, piece))) return leave()
        exchange.progressed()
      }
    }
    exchange.hold(0)
    response.end()
  } catch {
    leave()
    response.destroy()
  }
}

type Headers = Record<string, string | string[]>

/** The body; its length is added to the headers where they have none. */
async function bodyOf(
  answer: Response,
  headers: Headers,
): Promise<ReadableStream<Uint8Array> | null> {
  const isMadeAsItIsTaken = headers['content-length'] !== undefined || headers[unbuffered] === 'no'
  if (answer.body === null || isMadeAsItIsTaken) return answer.body
  const whole = new Uint8Array(await answer.arrayBuffer())
  headers['content-length'] = String(whole.byteLength)
  return new ReadableStream({
    start(controller) {
      controller.enqueue(whole)
      controller.close()
    },
  })
}

function* piecesOf(chunk: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < chunk.byteLength; from += pieceBytes)
    yield chunk.subarray(from, from + pieceBytes)
}

/** Whether it was taken; not, once the reader has gone. */
function written(response: PageResponse, piece: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    const gone = (): void => resolve(false)
    response.once('close', gone)
    const done = (error?: Error | null): void => {
      response.off('close', gone)
      resolve(!error)
    }
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
