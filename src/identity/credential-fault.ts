import { looksLikeApplicationToken, type ApplicationTokens } from './application-tokens.ts'
import { hasCredential } from './credential-headers.ts'
import { tokenFromHeaders, type Headers, type Tokens } from './tokens.ts'

interface Readers {
  readonly tokens: Pick<Tokens, 'read'>
  readonly applications: Pick<ApplicationTokens, 'read'>
  /** The host name of the application that was asked for. */
  readonly application: string
}

/**
 * What is wrong with a credential that leads to nobody: for logs alone, since stock clients show nothing of
 * an answer, and a stranger is told nothing. Undefined where there is none.
 */
export async function faultOfCredential(
  headers: Headers,
  { tokens, applications, application }: Readers,
): Promise<string | undefined> {
  if (!hasCredential(headers)) return undefined
  const token = tokenFromHeaders(headers)
  if (token === undefined) return 'the service token is unknown, expired or revoked'
  if ((await tokens.read(token)) !== undefined) return signInOver
  if (!looksLikeApplicationToken(token)) {
    return 'the token is none of this gateway, or of a service account that has ended'
  }
  const read = await applications.read(token, application)
  return 'fault' in read ? `the token ${read.fault}` : signInOver
}

const signInOver = 'the sign-in of the token has ended'
