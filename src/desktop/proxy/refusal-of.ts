import { AccessError, AppError, UpstreamError } from '../../errors.ts'
import type { SocksReply } from '../../net/socks-messages.ts'
import { RefusedError } from '../../reach/refused.ts'
import { cleanLine } from '../../terminal-text.ts'

/** Why there is no tunnel, in the words of both protocols. */
export interface ProxyRefusal {
  /** Of HTTP (RFC 9110 §15). */
  readonly status: number
  /** Of SOCKS (RFC 1928 §6). */
  readonly reply: SocksReply
  /** One line. */
  readonly message: string
  /** The message, what to do next, and where to ask: a line each. */
  readonly text: string
}

type Words = Pick<ProxyRefusal, 'status' | 'reply'>

const denied: Words = { status: 403, reply: 'not-allowed' }
const notNow: Words = { status: 503, reply: 'server-failure' }
const noGateway: Words = { status: 502, reply: 'network-unreachable' }
const noService: Words = { status: 502, reply: 'host-unreachable' }
const ourFault: Words = { status: 500, reply: 'server-failure' }

const byCode: Readonly<Record<string, Words>> = {
  'route-not-found': { status: 404, reply: 'host-unreachable' },
  'upstream-unreachable': noService,
  'too-many-tunnels': notNow,
  'gateway-exhausted': notNow,
  'gateway-leaving': notNow,
  'unexpected-answer': { status: 502, reply: 'server-failure' },
}

/** What a program is told of an error by which it got no tunnel. */
export function refusalOf(error: unknown): ProxyRefusal {
  if (!(error instanceof AppError)) {
    // Whatever it is, it was not written for others.
    const message = 'the local proxy failed'
    return { ...ourFault, message, text: `${message}\n` }
  }
  const message = cleanLine(error.message)
  const more = error instanceof RefusedError ? error : undefined
  const lines = [
    message,
    error.hint === undefined ? undefined : `hint: ${cleanLine(error.hint)}`,
    more?.page === undefined ? undefined : `see ${cleanLine(more.page)}`,
    more === undefined || more.requestId === '' ? undefined : `request id: ${more.requestId}`,
  ]
  const text = lines.filter((line) => line !== undefined).join('\n')
  return { ...wordsOf(error), message, text: `${text}\n` }
}

function wordsOf(error: AppError): Words {
  const known = byCode[error.code]
  if (known !== undefined) return known
  if (error instanceof AccessError) return denied
  return error instanceof UpstreamError ? noGateway : ourFault
}
