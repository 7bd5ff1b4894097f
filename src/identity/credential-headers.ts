import type { PresentedCredential } from './service-account-secret.ts'
import { tokenFromHeaders } from './tokens.ts'
import type { Headers } from './tokens.ts'

/** Headers of cloudflared's service tokens, by which an id and a secret travel. */
const idHeader = 'cf-access-client-id'
const secretHeader = 'cf-access-client-secret'

/**
 * The id and secret that a request carries; undefined unless both are there. A header that is there
 * twice is one value that is nobody's.
 */
export function idAndSecretFromHeaders(headers: Headers): PresentedCredential | undefined {
  const id = text(headers[idHeader])
  const secret = text(headers[secretHeader])
  return id === '' || secret === '' ? undefined : { format: 'id-secret', id, secret }
}

function text(value: string | readonly string[] | undefined): string {
  return (typeof value === 'object' ? value.join(', ') : (value ?? '')).trim()
}

/** Whether a request says who it is, in whatever way and however worthless it turns out to be. */
export function hasCredential(headers: Headers): boolean {
  return (
    tokenFromHeaders(headers) !== undefined ||
    text(headers[idHeader]) !== '' ||
    text(headers[secretHeader]) !== ''
  )
}
