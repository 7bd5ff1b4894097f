import type { IncomingMessage } from 'node:http'
import { Refusal } from './refusal.ts'

/**
 * Reads the body of a request; its time is the server's `requestTimeout`.
 *
 * @throws Refusal for one that is longer, or whose sender goes away
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLong
  const pieces: Buffer[] = []
  try {
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece)
  } catch {
    throw incomplete
  }
  return new Uint8Array(Buffer.concat(pieces))
}

const tooLong = new Refusal(413, 'request-too-large', 'this is too long', 'send less at once')
const incomplete = new Refusal(400, 'request-incomplete', 'the end of this request did not come')
