import { AppError, messageOf, UpstreamError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { createDialer, dialGateway, type ReachOptions } from '../../reach/dialer.ts'
import { createSendToGateway } from '../../reach/gateway-request.ts'
import { lookAtTls, type SeenTls } from '../../reach/tls-look.ts'
import { firstAuthorities } from '../../reach/trust.ts'
import type { OwnTunnels } from '../../tunnel/own-tunnels.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { createSessionApi, type TokenOwner } from '../sign-in/session-api.ts'
import { tokenCacheFor } from '../sign-in/token-cache.ts'
import { openTransportMemory, transportsIn } from '../ways/transport.ts'
import { ownTunnelsOf } from './own-tunnels.ts'

export interface LookOptions extends Pick<ReachOptions, 'gateway' | 'trust' | 'proxies'> {
  readonly cacheDirectory: string
  readonly log: Logger
  readonly signal: AbortSignal
  /** **Default:** 4 s */
  readonly timeoutMs?: number
}

/** How it stands with one gateway now. */
export interface GatewayLook {
  /** Why it cannot be used; undefined where it can. */
  readonly trouble: AppError | undefined
  /** How tunnels are asked for: what its TLS offers, or what was found to pass. */
  readonly transport: 'HTTP/2' | 'HTTP/1.1' | 'WebSocket' | undefined
  /** Undefined without TLS, and where nobody could look. */
  readonly tls: SeenTls | undefined
  /** `unknown` where it could not be asked. */
  readonly session: 'signed-in' | 'wanted' | 'unknown'
  readonly owner: TokenOwner | undefined
  /** What is open by the session, as the gateway knows it; undefined without one, and where it does not say. */
  readonly tunnels: OwnTunnels | undefined
}

/**
 * Longest time to look at a gateway, in milliseconds.
 *
 * @limit time that "postern status" waits for a gateway: it is said not to answer
 */
const lookTimeoutMs = 4_000

/** Looks whether a gateway is there, how it is spoken to, and who is signed in. Signs nobody in; never rejects. */
export async function lookAtGateway(options: LookOptions): Promise<GatewayLook> {
  const { timeoutMs = lookTimeoutMs } = options
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)])
  const [asked, tls, isWebSocket] = await Promise.all([
    ask(options, signal).catch((error: unknown) => troubleOf(error, options, signal)),
    seeTls(options, signal),
    transportMemory(options).prefersWebSocket(),
  ])
  const offered = tls?.protocol === 'h2' ? 'HTTP/2' : 'HTTP/1.1'
  const isThere = !('trouble' in asked)
  return {
    trouble: isThere ? undefined : asked.trouble,
    transport: isThere ? (isWebSocket ? 'WebSocket' : offered) : undefined,
    tls,
    session: isThere ? asked.session : 'unknown',
    owner: isThere ? asked.owner : undefined,
    tunnels: isThere ? asked.tunnels : undefined,
  }
}

function transportMemory({ cacheDirectory, gateway }: LookOptions) {
  return openTransportMemory(transportsIn(cacheDirectory), gateway.origin)
}

type Asked = Pick<GatewayLook, 'owner' | 'tunnels'> & {
  readonly session: 'signed-in' | 'wanted'
}

const nobody: Asked = { session: 'wanted', owner: undefined, tunnels: undefined }

/** As other commands ask it: its certificate is verified, and what is no gateway is named. */
async function ask(options: LookOptions, signal: AbortSignal): Promise<Asked> {
  const send = createSendToGateway(createDialer(options))
  const token = await tokenCacheFor(options).read()
  if (token === undefined) {
    await send({ method: 'GET', path: gatewayPaths.health }, signal)
    return nobody
  }
  const [owner, tunnels] = await Promise.all([
    createSessionApi(send).ownerOf(token, signal),
    ownTunnelsOf(send, token, signal),
  ])
  return owner === undefined ? nobody : { session: 'signed-in', owner, tunnels }
}

function troubleOf(
  error: unknown,
  { gateway, timeoutMs = lookTimeoutMs }: LookOptions,
  signal: AbortSignal,
): { readonly trouble: AppError } {
  if (error instanceof AppError && !signal.aborted) return { trouble: error }
  const what = signal.aborted ? `no answer in ${timeoutMs / 1_000} s` : messageOf(error)
  return {
    trouble: new UpstreamError('gateway-unreachable', `"${gateway.origin}": ${what}`, {
      hint: '"postern doctor" tries the way step by step',
      cause: error,
    }),
  }
}

/** Whoever it is: whether the certificate is believed is the other question. */
async function seeTls(options: LookOptions, signal: AbortSignal): Promise<SeenTls | undefined> {
  const { gateway, trust } = options
  if (!gateway.isTls) return undefined
  try {
    const connection = await dialGateway(options, signal)
    const protocols = ['h2', 'http/1.1']
    const authorities = firstAuthorities(trust)
    return await lookAtTls(connection, { peer: gateway, trust, authorities, protocols, signal })
  } catch {
    return undefined
  }
}
