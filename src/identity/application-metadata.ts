import { SignJWT } from 'jose'
import type { Clock } from '../clock.ts'
import type { ApplicationTokens } from './application-tokens.ts'
import { createRateLimit } from './rate-limit.ts'

/**
 * What stock clients from 2026.8.0 on ask of a host before they look into their files: a JWS that names its
 * application, whose key they look for under `auth_domain`. Undefined when too much is asked for.
 */
export type ApplicationMetadata = (
  requested: string,
  hostname: string,
) => Promise<string | undefined>

/** Stock clients take one that is at most 24 h old. */
const signedAgainMs = 60 * 60_000
/** @limit none: host names whose signed metadata is in memory; the longest unused is signed again */
const maxKept = 1_000
/** @limit host names below a wildcard whose metadata is signed in 10 s: the others get none */
const maxSigned = 100
const countedMs = 10_000

/** Signs once an hour for each host, however often it is asked for: RS256 takes half a millisecond. */
export function createApplicationMetadata(
  tokens: Pick<ApplicationTokens, 'audienceOf' | 'authDomain' | 'settledKey'>,
  clock: Clock,
): ApplicationMetadata {
  const signed = createRateLimit({
    maxEvents: maxSigned,
    windowMs: countedMs,
    maxKeys: 1,
    clock,
  })
  const kept = new Map<string, { readonly untilMs: number; readonly text: Promise<string> }>()

  async function sign(requested: string, hostname: string): Promise<string> {
    const nowMs = clock.now()
    const { kid, privateKey } = await tokens.settledKey()
    return new SignJWT({
      type: 'match',
      hostname: requested,
      app_hostname: hostname,
      auth_domain: tokens.authDomain,
      // Text, and not the array that a token has: that is how it is read.
      aud: tokens.audienceOf(hostname),
    })
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
      .setIssuedAt(Math.floor(nowMs / 1000))
      .sign(privateKey)
  }

  return (requested, hostname) => {
    const key = `${requested} ${hostname}`
    const found = kept.get(key)
    kept.delete(key)
    const isGood = found !== undefined && found.untilMs > clock.now()
    if (!isGood && signed.isReached('')) return Promise.resolve(undefined)
    if (!isGood) signed.count('')
    const entry = isGood
      ? found
      : { untilMs: clock.now() + signedAgainMs, text: sign(requested, hostname) }
    kept.set(key, entry)
    entry.text.catch(() => kept.get(key) === entry && kept.delete(key))
    const [oldest] = kept.keys()
    if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest)
    return entry.text
  }
}
