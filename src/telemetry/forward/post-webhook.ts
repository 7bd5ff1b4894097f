import { request as requestHttp, type IncomingMessage } from 'node:http'
import { Agent, request as requestHttps, type RequestOptions } from 'node:https'
import { isIP } from 'node:net'
import { systemClock, type Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import { printable } from '../../terminal-text.ts'
import { version } from '../../version.ts'
import type { PeerTls } from './peer-tls.ts'
import { signWebhook } from './webhook-signature.ts'

/** Where webhooks go, and what signs them. */
export interface WebhookTarget {
  /** `https:`, or `http:` on this machine. */
  readonly url: URL
  readonly secret: Uint8Array
  /** Undefined for `http:`. */
  readonly tls: PeerTls | undefined
}

export interface WebhookMessage {
  readonly id: string
  readonly body: string
  readonly contentType: string
  readonly headers?: Readonly<Record<string, string>>
}

/** `later`: it may be taken at another attempt. `refused`: not as it is. */
export type WebhookAnswer =
  | { readonly kind: 'taken' }
  | { readonly kind: 'later'; readonly why: string; readonly retryAfterMs?: number | undefined }
  | { readonly kind: 'refused'; readonly status: number; readonly why: string }

/** Posts to one receiver, one message at a time over one connection. */
export interface WebhookPost {
  /** One attempt; never rejects. */
  post(message: WebhookMessage, signal: AbortSignal): Promise<WebhookAnswer>
  close(): void
}

/** @limit time for the answer of a webhook: it is sent again */
const answerTimeoutMs = 15_000
/** @limit wait that a receiver of webhooks may ask for (`retry-after`): it is sent again */
const maxRetryAfterMs = 10 * 60_000
/** @limit none: an answer of a webhook that is read to its end, so that its connection is used again */
const maxAnswerBytes = 64 * 1024
/** How much of a refusal is told, in characters. */
const toldLength = 200

export function createWebhookPost(
  target: WebhookTarget,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): WebhookPost {
  const agent = agentFor(target)
  return {
    async post(message, signal) {
      const limit = new AbortController()
      using _ = clock.schedule(answerTimeoutMs, () => limit.abort(new Error('no answer in time')))
      try {
        const ended = AbortSignal.any([signal, limit.signal])
        return await attempt(target, message, { agent, clock, signal: ended })
      } catch (error) {
        const cause: unknown = limit.signal.aborted ? limit.signal.reason : error
        return { kind: 'later', why: messageOf(cause) }
      }
    },
    close: () => agent?.destroy(),
  }
}

function agentFor({ url, tls }: WebhookTarget): Agent | undefined {
  if (url.protocol === 'http:') return undefined
  const host = tls?.serverName ?? url.hostname.replace(/^\[(.*)\]$/, '$1')
  return new Agent({
    keepAlive: true,
    maxSockets: 1,
    minVersion: 'TLSv1.2',
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    rejectUnauthorized: true,
    // RFC 6066 §3: no address is a server name; the certificate is then checked for the address.
    ...(isIP(host) === 0 && { servername: host }),
    ...(tls && { secureContext: tls.context }),
  })
}

interface Attempt {
  readonly agent: Agent | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
}

async function attempt(
  { url, secret }: WebhookTarget,
  { id, body, contentType, headers }: WebhookMessage,
  { agent, clock, signal }: Attempt,
): Promise<WebhookAnswer> {
  const timestamp = Math.floor(clock.now() / 1000)
  const options: RequestOptions = {
    method: 'POST',
    agent: agent ?? false,
    signal,
    headers: {
      ...headers,
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
      'user-agent': `postern/${version}`,
      ...signWebhook(secret, { id, timestamp, body }),
    },
  }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const send = url.protocol === 'http:' ? requestHttp : requestHttps
    const sending = send(url, options, resolve).on('error', reject)
    // Without a listener Node.js ends the connection, and tells nobody: neither an answer nor an error would come.
    sending.on('upgrade', ({ statusCode }, socket) => {
      socket.destroy()
      reject(new Error(`it answered ${statusCode}`))
    })
    sending.end(body)
  })
  return judge(response, await readText(response), clock.now())
}

/** The beginning of an answer; one without end is cut off. */
async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > maxAnswerBytes) break
  }
  return printable(Buffer.concat(chunks).toString('utf8', 0, toldLength))
}

/** RFC 9110 §15: what these say may be otherwise later. */
const passing = new Set([408, 425, 429])

function judge(
  { statusCode: status = 0, headers }: IncomingMessage,
  text: string,
  nowMs: number,
): WebhookAnswer {
  if (status >= 200 && status < 300) return { kind: 'taken' }
  const why = `it answered ${status}${text === '' ? '' : ` "${text}"`}`
  if (status < 500 && !passing.has(status)) return { kind: 'refused', status, why }
  return { kind: 'later', why, retryAfterMs: retryAfterMs(headers['retry-after'], nowMs) }
}

/** RFC 9110 §10.2.3: seconds or a date. */
function retryAfterMs(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), maxRetryAfterMs)
}
