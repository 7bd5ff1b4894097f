import assert from 'node:assert/strict'
import { createFakeClock } from '../fake-clock.ts'
import type { FakeClock } from '../fake-clock.ts'
import type { Logger } from '../log.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { callbackPathOf } from './callback-path.ts'
import { createIdentity } from './identity.ts'
import type { Identity, IdentityOptions } from './identity.ts'
import type { SignInTarget } from './pending-flow.ts'
import type { NamedProviderOptions } from './providers.ts'
import type { FinishedSignIn } from './sign-in.ts'

/** What a provider gives a client; the sample provider fits by shape. */
export interface ProviderAccount {
  readonly issuer: URL
  readonly clientId: string
  readonly clientSecret: string
}

export interface IdentityFixture {
  readonly identity: Identity
  readonly store: Store
  readonly clock: FakeClock
  /** Every line logged, as JSON. */
  readonly lines: readonly string[]
  /** Resolves at the next line with this message. */
  logged(message: string): Promise<void>
}

/** What a configuration says when it says nothing. */
export const claimNames = {
  groupsClaim: 'groups',
  emailClaim: 'email',
  trustsMissingEmailVerified: true,
}

/** Where the browser of these tests is. */
export const address = '192.0.2.1'
export const callbackOrigin = 'https://localhost:8443'
export const target: SignInTarget = { returnTo: 'http://127.0.0.1:1234/', carries: 'token' }

/** A provider as the configuration has it. */
export function providerAt(
  { issuer, clientId, clientSecret }: ProviderAccount,
  change: Partial<NamedProviderOptions> = {},
): NamedProviderOptions {
  return {
    id: 'default',
    name: 'Example',
    keyPrefix: 'idp_',
    url: issuer,
    clientId,
    clientSecret,
    scopes: ['openid', 'profile', 'email', 'groups', 'offline_access'],
    ...claimNames,
    ...change,
  }
}

/** An identity part over a store in memory and a clock that stands still; dispose it afterwards. */
export async function openIdentity(
  account: ProviderAccount,
  change: Partial<IdentityOptions> = {},
): Promise<IdentityFixture & AsyncDisposable> {
  const store = change.store ?? (await openSqliteStore(':memory:'))
  // The provider's tokens are checked against the machine's time.
  const clock = createFakeClock(Date.now())
  const log = collectLog()
  const identity = createIdentity({
    store,
    clock,
    log: log.logger,
    audit: (event, { userId }, details) => log.logger.info(event, { user: userId, ...details }),
    providers: [providerAt(account)],
    authenticateServiceUrl: new URL(callbackOrigin),
    sharedSecret: new Uint8Array(32).fill(1),
    cookieSecret: new Uint8Array(32).fill(2),
    cookieName: 'postern',
    cookieExpireMs: 14 * 3_600_000,
    sessionRefreshIntervalMs: 600_000,
    maxSessionsPerUser: 100,
    hasTunnel: () => false,
    ...change,
  })
  return {
    identity,
    store,
    clock,
    lines: log.lines,
    logged: log.logged,
    async [Symbol.asyncDispose]() {
      await identity.close()
      await store.close()
    },
  }
}

/** The `Cookie` header of a browser that got these `Set-Cookie` values. */
export function asCookieHeader(setCookies: readonly string[]): string {
  return setCookies.map((cookie) => cookie.split(';')[0]).join('; ')
}

/** One whole sign-in; `browse` answers with the callback that the provider redirects to. */
export async function signInBy(
  { identity }: IdentityFixture,
  browse: (location: URL) => Promise<URL>,
  provider = 'default',
): Promise<FinishedSignIn> {
  const { location, cookies } = await identity.signIn.begin({
    target,
    cookieHeader: undefined,
    address,
    provider,
  })
  const { pathname, search } = await browse(location)
  assert.equal(pathname, callbackPathOf(provider))
  return identity.signIn.finish({
    search,
    provider,
    cookieHeader: asCookieHeader(cookies),
    address,
  })
}

function collectLog(): {
  logger: Logger
  lines: readonly string[]
  logged(message: string): Promise<void>
} {
  const lines: string[] = []
  const waiting = new Set<{ message: string; resolve: () => void }>()
  const write: Logger['info'] = (message, fields = {}) => {
    lines.push(JSON.stringify({ message, ...fields }))
    for (const waiter of waiting) {
      if (waiter.message !== message) continue
      waiting.delete(waiter)
      waiter.resolve()
    }
  }
  return {
    logger: { debug: write, info: write, warn: write, error: write },
    lines,
    logged: (message) => new Promise((resolve) => waiting.add({ message, resolve })),
  }
}
