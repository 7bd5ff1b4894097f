/** Names the request in the gateway's logs; on every answer of the gateway. */
export const requestIdHeader = 'x-request-id'

/** Scheme of `Authorization` for a token: `Authorization: Pomerium <token>`. */
export const tokenScheme = 'Pomerium'

/** Formats the value of `Authorization` that carries a token. */
export function formatAuthorization(token: string): string {
  return `${tokenScheme} ${token}`
}
