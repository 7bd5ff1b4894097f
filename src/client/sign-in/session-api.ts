import { gatewayPaths } from '../../tunnel/paths.ts'
import { printable } from '../../terminal-text.ts'
import type { SendToGateway } from '../../reach/gateway-request.ts'
import { wantsSignIn } from '../../reach/refused.ts'

/** Whose a token is, as far as the gateway tells. */
export interface TokenOwner {
  readonly userId: string | undefined
  readonly email: string | undefined
  readonly name: string | undefined
  /** When the session ends, RFC 3339. */
  readonly expiresAt: string | undefined
  /** The release of the gateway, which tells it to those whom it knows. */
  readonly gatewayVersion?: string | undefined
}

/** What a gateway does with the session of a token; both throw `UpstreamError` `gateway-…`. */
export interface SessionApi {
  /** Undefined when the gateway does not take the token; an owner without names when it does not say. */
  ownerOf(token: string, signal: AbortSignal): Promise<TokenOwner | undefined>
  /** Ends the session; `unknown` when there was none, `refused` when the gateway cannot do it. */
  endSession(token: string, signal: AbortSignal): Promise<'ended' | 'unknown' | 'refused'>
}

export function createSessionApi(send: SendToGateway): SessionApi {
  return {
    async ownerOf(token, signal) {
      const answer = await send({ method: 'GET', path: gatewayPaths.user, token }, signal)
      if (wantsSignIn(answer) || answer.status === 403) return undefined
      return parseOwner(answer.status === 200 ? answer.body : '')
    },
    async endSession(token, signal) {
      const answer = await send({ method: 'POST', path: gatewayPaths.endSession, token }, signal)
      if (answer.status === 200) return 'ended'
      return wantsSignIn(answer) ? 'unknown' : 'refused'
    },
  }
}

function parseOwner(text: string): TokenOwner {
  const fields = parseObject(text)
  const textOf = (name: string): string | undefined => printable(fields[name]) || undefined
  const expiresAt = textOf('session_expires_at')
  return {
    userId: textOf('user') ?? textOf('service_account'),
    gatewayVersion: textOf('gateway_version'),
    email: textOf('email'),
    name: textOf('name'),
    expiresAt:
      expiresAt !== undefined && !Number.isNaN(Date.parse(expiresAt)) ? expiresAt : undefined,
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
