/** Names the request in the gateway's logs; on every answer of the gateway. */
export const requestIdHeader = 'x-request-id'

/** On a 200 to CONNECT: the tunnel's id, by a gateway that can be asked why it has ended (`cut.ts`). */
export const tunnelIdHeader = 'postern-tunnel'

/** Whether a text has the form of a tunnel's id: it becomes part of a path, and is shown. */
export function isTunnelId(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9A-Za-z-]{1,64}$/.test(text)
}

/** Names the machine that is meant behind a bastion, `host:port`; cloudflared's clients send it as well. */
export const bastionTargetHeader = 'cf-access-jump-destination'

/** Scheme of `Authorization` for a token: `Authorization: Pomerium <token>`. */
export const tokenScheme = 'Pomerium'

/** Formats the value of `Authorization` that carries a token. */
export function formatAuthorization(token: string): string {
  return `${tokenScheme} ${token}`
}

/**
 * The header fields that carry a credential: a token, or the id and secret of a service account written
 * as `ID:SECRET`. A colon, which no token has, tells the two apart; the names are cloudflared's.
 */
export function credentialFields(credential: string): Readonly<Record<string, string>> {
  const colon = credential.indexOf(':')
  if (colon === -1) return { authorization: formatAuthorization(credential) }
  return {
    'cf-access-client-id': credential.slice(0, colon),
    'cf-access-client-secret': credential.slice(colon + 1),
  }
}
