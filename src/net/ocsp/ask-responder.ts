import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { messageOf, systemCode, UpstreamError } from '../../errors.ts'

export interface AskOptions {
  /** Ends what is under way. */
  readonly signal: AbortSignal
  /** Time for the whole answer, to its last byte, in milliseconds. **Default:** 10 s */
  readonly timeoutMs?: number
}

/** @limit time for an answer of an OCSP responder: it is asked again later */
const defaultAnswerTimeoutMs = 10_000

/** @limit answer of an OCSP responder, in bytes: it is asked again later */
export const maxAnswerBytes = 65_536

/**
 * Asks an OCSP responder over HTTP (RFC 6960 §A.1), and answers what it says, unread. It is not followed anywhere else:
 * a certificate names the place, and what is there redirects to wherever it likes.
 *
 * @throws UpstreamError `ocsp-responder-unreachable`, or `ocsp-responder-refused` for an answer that is none
 */
export async function askResponder(
  url: URL,
  question: Uint8Array,
  { signal, timeoutMs = defaultAnswerTimeoutMs }: AskOptions,
): Promise<Buffer> {
  const tooLong = AbortSignal.timeout(timeoutMs)
  try {
    return await post(url, question, AbortSignal.any([signal, tooLong]))
  } catch (error) {
    if (error instanceof UpstreamError || signal.aborted) throw error
    const late = `no whole answer within ${timeoutMs / 1000} s`
    // Several addresses have failed, of which Node.js has no words.
    const why = tooLong.aborted ? late : messageOf(error) || (systemCode(error) ?? 'no connection')
    const text = `the OCSP responder "${url.origin}" cannot be asked: ${why}`
    throw new UpstreamError('ocsp-responder-unreachable', text, {
      cause: error,
      hint: `let this machine reach "${url.origin}", or try another time: the responder may be down`,
    })
  }
}

function post(url: URL, question: Uint8Array, signal: AbortSignal): Promise<Buffer> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  const options: RequestOptions = {
    method: 'POST',
    // A connection of its own, which ends with the answer.
    agent: false,
    signal,
    headers: {
      'content-type': 'application/ocsp-request',
      'content-length': question.length,
      accept: 'application/ocsp-response',
    },
  }
  return new Promise((resolve, reject) => {
    const asking = request(url, options, (response) => {
      readAnswer(response, url).then(resolve, (error: unknown) => {
        asking.destroy()
        reject(error instanceof Error ? error : new Error(messageOf(error)))
      })
    })
    asking.on('error', reject)
    // Without a listener Node.js ends the connection, and tells nobody: neither an answer nor an error would come.
    asking.on('upgrade', ({ statusCode }, socket) => {
      socket.destroy()
      reject(refused(url, `it answers with HTTP ${statusCode}`))
    })
    asking.end(question)
  })
}

async function readAnswer(response: IncomingMessage, url: URL): Promise<Buffer> {
  const { statusCode = 0 } = response
  if (statusCode !== 200) throw refused(url, `it answers with HTTP ${statusCode}`)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxAnswerBytes) throw refused(url, `it sends more than ${maxAnswerBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function refused(url: URL, why: string): UpstreamError {
  const text = `the OCSP responder "${url.origin}" gives no answer: ${why}`
  return new UpstreamError('ocsp-responder-refused', text, {
    hint: 'ask the certificate authority, or try another time: it may be down',
  })
}
