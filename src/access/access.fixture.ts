import type { AnySession, ServiceAccountSession, Session } from '../identity/session.ts'
import { buildRoute } from '../routes/open-route.ts'
import { parseRoute } from '../routes/parse-route.ts'
import type { Route } from '../routes/route.ts'
import { directTo } from '../routes/upstream-way.fixture.ts'
import type { Caller } from './caller.ts'

/** A route of a test, in no register yet: `policy` as in a file; public when there is none. */
export function testRoute(
  from: string,
  to: readonly number[],
  policy?: unknown,
  more: Partial<Route> = {},
): Route {
  const who = policy === undefined ? { allow_public_unauthenticated_access: true } : { policy }
  const plain = { from, to: 'tcp://127.0.0.1:1', stall_timeout: '0', ...who }
  const { checked, faults } = parseRoute(plain, { clientCertificates: 'none' })
  if (checked === undefined) throw new Error(JSON.stringify(faults))
  return {
    ...buildRoute(checked),
    name: from.replace('tcp+https://', ''),
    way: directTo(to),
    revision: 0,
    ...more,
  }
}

export function testSession(id: string, email: string): Session {
  const nowMs = Date.now()
  return {
    kind: 'person',
    id,
    userId: `user-${id}`,
    email,
    emailVerified: true,
    name: undefined,
    groups: [],
    claims: {},
    provider: 'default',
    issuer: 'https://login.example.com',
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + 3_600_000,
    refreshedAtMs: nowMs,
    refreshDueAtMs: nowMs + 600_000,
  }
}

/** A service account that does not expire; `id` is that of its credential. */
export function testServiceAccount(userId: string, id = userId): ServiceAccountSession {
  return {
    kind: 'service-account',
    id,
    userId,
    email: undefined,
    emailVerified: false,
    groups: [],
    claims: {},
    expiresAtMs: undefined,
  }
}

/** Whoever asks, from an address that nobody has (RFC 5737). */
export function testCaller(session?: AnySession, sessionVersion = session && 1): Caller {
  return { client: { ip: '192.0.2.1', endpoints: undefined }, session, sessionVersion }
}
