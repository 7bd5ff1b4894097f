import type { Socket } from 'node:net'
import type { PeerError } from '../errors.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import { decodeRefusal } from '../tunnel/refusal.ts'
import { version } from '../version.ts'
import type { GatewayDialer } from './dialer.ts'
import { hearOn, hearTimeoutMs } from './hear.ts'
import { noGateway, type Answerer } from './heard-words.ts'
import { NoAnswerError, type HttpAnswer } from './http-answer.ts'
import { requestHttp1 } from './plain-request.ts'

/** Where a Pomerium says who it is, and hardly anybody else anything. */
const pomeriumPath = '/.well-known/pomerium'

/** Finds out who answers on connections to where a gateway should be, by asking. Never rejects. */
export async function whoAnswers(
  dialer: GatewayDialer,
  signal: AbortSignal,
  timeoutMs = hearTimeoutMs,
): Promise<Answerer> {
  const look: Look = { dialer, signal, timeoutMs }
  const own = await ask(look, gatewayPaths.tunnel)
  if (own === 'silence') return { kind: 'silence' }
  if (own !== undefined && isOurs(own)) return { kind: 'postern' }
  const stock = own && (await ask(look, pomeriumPath))
  if (typeof stock === 'object' && isPomerium(stock)) return { kind: 'pomerium' }
  const open = async (): Promise<Socket> => (await dialer.open(['http/1.1'], signal)).socket
  return hearOn(open, { ...look, gateway: dialer.gateway })
}

interface Look {
  readonly dialer: GatewayDialer
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/** A request for a tunnel that is no handshake of a WebSocket: each of our releases has words of its own for it. */
export function isOurs({ body }: HttpAnswer): boolean {
  const said = decodeRefusal(body)
  return said !== undefined && /^(?:upgrade_required|page_not_found)$/.test(said.code)
}

function isPomerium({ status, body }: HttpAnswer): boolean {
  return status === 200 && /"authentication_callback_endpoint"|"jwks_uri"/.test(body)
}

async function ask(
  { dialer, signal, timeoutMs }: Look,
  path: string,
): Promise<HttpAnswer | 'silence' | undefined> {
  const { host } = new URL(dialer.gateway.origin)
  const fields = { host, 'user-agent': `postern/${version}`, accept: 'application/json' }
  try {
    const { socket } = await dialer.open(['http/1.1'], signal)
    const asked = { method: 'GET', path, fields, timeoutMs } as const
    return await requestHttp1(socket, asked, signal)
  } catch (error) {
    return error instanceof NoAnswerError && !error.wasCut ? 'silence' : undefined
  }
}

/**
 * Who answers in the place of a gateway, as an error; undefined where a gateway does, or whoever it is says nothing of
 * itself. To be asked after an answer that does not look like a gateway's.
 */
export async function strangerAt(
  dialer: GatewayDialer,
  signal: AbortSignal,
): Promise<PeerError | undefined> {
  return noGateway(dialer.gateway, await whoAnswers(dialer, signal))
}
