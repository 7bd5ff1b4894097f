import type { JWTVerifyGetKey } from 'jose'
import type { Clock } from '../clock.ts'
import { AccessError, PeerError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { namedProvider, readLogoutToken } from './logout-token.ts'
import { createProviderKeys } from './provider-keys.ts'
import type { ProviderFetch } from './provider-fetch.ts'
import type { NamedProvider } from './providers.ts'
import { createRateLimit } from './rate-limit.ts'
import type { SessionAudit } from './refresh.ts'
import { toSession } from './session.ts'

/** The provider's word that somebody is signed out there. */
export interface ProviderLogouts {
  /**
   * Ends the sessions that a logout token is about, and answers how many those were. Throws `AccessError`
   * `logout-token-invalid`, `logout-token-used`, `provider-unavailable` or `too-many-logouts`.
   */
  end(token: string): Promise<number>
}

export interface ProviderLogoutParts {
  readonly store: Pick<Store, 'providerLogouts'>
  readonly providers: {
    readonly all: readonly Pick<
      NamedProvider,
      'id' | 'issuer' | 'clientId' | 'keySource' | 'userIdOf'
    >[]
  }
  readonly clock: Clock
  readonly audit: SessionAudit
}

/**
 * Anybody can send a token that names a key which nobody has.
 *
 * @limit none: pause between two questions to the provider that logout tokens cause; one of a key that is new since the last is refused
 */
const keyPauseMs = 5_000
/** @limit logout tokens that are checked at once: 400 `temporarily_unavailable`, and sessions stay until they are refreshed */
const maxUnderWay = 64
/** @limit logout tokens of the last minutes that are remembered: the oldest is forgotten, and would be taken again */
const maxKept = 100_000

export function createProviderLogouts(parts: ProviderLogoutParts): ProviderLogouts {
  const { store, clock, audit } = parts
  const senders = parts.providers.all.map((provider) => ({
    ...provider,
    keys: createLogoutKeys(provider, clock),
  }))
  let underWay = 0

  async function take(token: string): Promise<number> {
    const provider = namedProvider(token, senders)
    const { keys } = provider
    const logout = await readLogoutToken(token, { provider, keys, nowMs: clock.now() })
    const ended = await store.providerLogouts.take(logout, clock.now(), maxKept)
    if (ended === undefined) throw used()
    for (const facts of ended)
      audit('session ended: signed out at the provider', toSession(facts), {})
    return ended.length
  }

  return {
    async end(token) {
      if (underWay >= maxUnderWay) throw tooMany()
      underWay += 1
      try {
        return await take(token)
      } finally {
        underWay -= 1
      }
    },
  }
}

/** Keys of their own: what strangers send neither slows sign-ins nor makes the provider answer each time. */
function createLogoutKeys(
  provider: Pick<NamedProvider, 'keySource'>,
  clock: Clock,
): JWTVerifyGetKey {
  const pause = () => createRateLimit({ maxEvents: 1, windowMs: keyPauseMs, maxKeys: 1, clock })
  const [places, questions] = [pause(), pause()]
  const once = (limit: ReturnType<typeof pause>): void => {
    if (limit.isReached('')) throw askedJustNow()
    limit.count('')
  }
  let opening: Promise<JWTVerifyGetKey> | undefined

  async function open(): Promise<JWTVerifyGetKey> {
    once(places)
    const { url, fetch } = await provider.keySource()
    const seldom: ProviderFetch = async (...question) => {
      once(questions)
      return fetch(...question)
    }
    return createProviderKeys({ url, fetch: seldom }, { pauseMs: keyPauseMs })
  }

  return async (header, token) => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return (await opening)(header, token)
  }
}

function askedJustNow(): PeerError {
  return new PeerError(
    'provider-unavailable',
    'the sign-in service was asked for its keys just now',
  )
}

function used(): AccessError {
  return new AccessError('logout-token-used', 'the logout token has come before', {
    hint: 'its sessions have ended',
  })
}

function tooMany(): AccessError {
  return new AccessError('too-many-logouts', 'too many logout tokens are being checked', {
    hint: 'try again in a moment',
  })
}
