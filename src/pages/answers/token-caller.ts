import { AccessError } from '../../errors.ts'
import type { LiveCaller } from '../../identity/session.ts'
import type { RequestHeaders } from '../../request-headers.ts'
import type { PageContext } from './page-app.ts'

/** Whose token headers carry; undefined for a missing, unknown or ended one. */
export type IdentifyToken = (headers: RequestHeaders) => Promise<LiveCaller | undefined>

/** What to say to whom is not answered. */
export interface TokenWords {
  /** What needs a sign-in, such as `a request for access`. */
  readonly what: string
  /** The command that asks for it. */
  readonly command: string
}

/**
 * Whoever asks with a token, for what only programs ask for.
 *
 * @throws AccessError `sign-in-required`; `origin-not-allowed` for a web page
 */
export async function requireToken(
  c: PageContext,
  identify: IdentifyToken,
  { what, command }: TokenWords,
): Promise<LiveCaller> {
  const headers = c.req.header()
  // Only browsers send it, and none of their pages has a reason to ask here.
  if (headers['origin'] !== undefined)
    throw new AccessError('origin-not-allowed', 'a web page may not ask for this', {
      hint: `use "${command}", or the portal`,
    })
  const found = await identify(headers)
  if (found !== undefined) return found
  throw new AccessError('sign-in-required', `${what} needs you to sign in`, {
    hint: `sign in; "${command}" opens the browser for you`,
  })
}
