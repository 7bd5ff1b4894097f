/**
 * How a program on somebody's machine gets what stock `cloudflared` keeps in its files: it sends the host
 * name of an application with its own token, and gets a token that is good there alone, and by which names
 * and keys cloudflared finds and checks it.
 */
export interface ApplicationTokenAnswer {
  /** The application's own host name, which may be a wildcard. */
  readonly hostname: string
  /** 64 hexadecimal digits. */
  readonly audience: string
  readonly authDomain: string
  readonly token: string
  /** When it ends, in milliseconds since the epoch. */
  readonly expiresAtMs: number
  /** The gateway's public keys, a JWK set as JSON. */
  readonly keySet: string
}

const hostnameField = 'hostname'

/** Writes the form body that asks. */
export function encodeApplicationTokenRequest(hostname: string): string {
  return new URLSearchParams({ [hostnameField]: hostname }).toString()
}

/** Reads a form as the gateway has parsed it; undefined when it names nothing. */
export function decodeApplicationTokenRequest(
  form: Readonly<Record<string, unknown>>,
): string | undefined {
  const hostname = form[hostnameField]
  return typeof hostname === 'string' ? hostname : undefined
}

/** Writes the JSON body that answers. */
export function encodeApplicationTokenAnswer(answer: ApplicationTokenAnswer): string {
  return JSON.stringify({
    hostname: answer.hostname,
    aud: answer.audience,
    auth_domain: answer.authDomain,
    token: answer.token,
    expires_at: answer.expiresAtMs,
    jwks: JSON.parse(answer.keySet) as unknown,
  })
}

/** What can stand in the name of a file, and leads nowhere else. */
const hostnameForm = /^(?:\*|[a-z\d_-]{1,63})(?:\.[a-z\d_-]{1,63}){0,126}$/
const authDomainForm = /^[a-z\d-]{1,63}(?:\.[a-z\d-]{1,63})*\.cloudflareaccess\.com$/
const tokenForm = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** Reads the JSON body that answers; undefined when it is not one that files may be named and written by. */
export function decodeApplicationTokenAnswer(text: string): ApplicationTokenAnswer | undefined {
  const fields = parseObject(text)
  const { hostname, aud, auth_domain: authDomain, token, expires_at: expiresAtMs, jwks } = fields
  if (typeof hostname !== 'string' || !hostnameForm.test(hostname)) return undefined
  if (typeof aud !== 'string' || !/^[\da-f]{64}$/.test(aud)) return undefined
  if (typeof authDomain !== 'string' || !authDomainForm.test(authDomain)) return undefined
  if (typeof token !== 'string' || !tokenForm.test(token)) return undefined
  if (typeof expiresAtMs !== 'number' || !(expiresAtMs <= maxTimeMs)) return undefined
  if (typeof jwks !== 'object' || jwks === null || !('keys' in jwks)) return undefined
  const keySet = JSON.stringify(jwks)
  return { hostname, audience: aud, authDomain, token, expiresAtMs, keySet }
}

/** @limit none: ECMA-262 has no later date */
const maxTimeMs = 8.64e15

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
