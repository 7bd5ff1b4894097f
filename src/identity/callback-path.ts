import { defaultProviderId } from './user-ids.ts'

const defaultPath = '/oauth2/callback'
const pathOfOthers = '/oauth2/provider/'

/**
 * The path on the authenticate service that a provider sends browsers back to; that of the default one is
 * Pomerium's.
 *
 * Each provider has its own (RFC 9700 §4.4.2.2): it sends a code only where it was told to when this
 * gateway was registered there, so a code of one that comes back at the address of another was led astray
 * by that other, and never gets to its token endpoint. `iss` (RFC 9207) would say the same, but few send
 * it. None is below another, since some providers take every path below the one they know.
 */
export function callbackPathOf(provider: string): string {
  return provider === defaultProviderId ? defaultPath : `${pathOfOthers}${provider}`
}

/** Whether it is such a path, of whichever provider. */
export function isCallbackPath(path: string): boolean {
  return path === defaultPath || path.startsWith(pathOfOthers)
}
