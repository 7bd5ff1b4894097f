import assert from 'node:assert/strict'
import { readdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { silentLogger } from '../../log.ts'
import type { LookUpAll } from '../../net/dial.ts'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { parseGatewayUrl } from '../../reach/destination.ts'
import {
  startFakeGateway,
  type FakeGateway,
  type FakeGatewayOptions,
} from '../../reach/fake-gateway.fixture.ts'
import type { Trust } from '../../reach/trust.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { openTokenCache } from '../sign-in/token-cache.ts'
import { examine } from './doctor.ts'
import type { DoctorCheck, DoctorOptions } from './options.ts'

export const authority = await createCertificateAuthority()
export const token = 'aa.token.bb'
export const nowMs = Date.parse('2026-11-29T12:00:00Z')

export interface Asked extends Partial<Omit<DoctorOptions, 'gateway' | 'trust'>> {
  readonly port: number
  readonly scheme?: string
  readonly trust?: Partial<Trust>
  readonly isSignedIn?: boolean
}

/** What a doctor says of whoever is on a port. */
export async function checksOf(t: TestContext, asked: Asked): Promise<readonly DoctorCheck[]> {
  const { port, scheme = 'https', trust, isSignedIn = true, ...options } = asked
  const cacheDirectory = await mkdtemp(join(tmpdir(), 'postern-'))
  t.after(() => rm(cacheDirectory, { recursive: true }))
  const gateway = parseGatewayUrl(`${scheme}://localhost:${port}`)
  const scope = { origin: gateway.origin, isVerified: trust?.isVerified ?? true }
  const tokens = join(cacheDirectory, 'tokens')
  if (isSignedIn) await openTokenCache(tokens, scope, silentLogger).write(token)
  const kept = async () => (await readdir(cacheDirectory, { recursive: true })).toSorted()
  const before = await kept()
  const checks: DoctorCheck[] = []
  for await (const check of examine({
    gateway,
    trust: { isVerified: true, extraCa: [authority.cert], clientCertificate: undefined, ...trust },
    authority: 'db:5432',
    serviceAccountToken: undefined,
    cacheDirectory,
    signal: AbortSignal.timeout(60_000),
    lookup: lookupTo('127.0.0.1'),
    limits: { tlsMs: 400, proxyMs: 400, gatewayMs: 3_000, transportMs: 600, signInMs: 2_000 },
    ...options,
  })) {
    checks.push(check)
  }
  assert.deepEqual(await kept(), before, 'nothing is kept')
  return checks
}

export function lookupTo(...addresses: readonly string[]): LookUpAll {
  return (_host, _options, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
}

export async function withGateway(
  t: TestContext,
  options: FakeGatewayOptions = {},
  owner: object = { email: 'ada@example.com', session_expires_at: '2099-01-02T03:04:05Z' },
): Promise<FakeGateway> {
  const gateway = await startFakeGateway({
    pair: await authority.issue(['localhost']),
    ...options,
    answers: {
      [gatewayPaths.user]: { status: 200, body: JSON.stringify(owner) },
      ...options.answers,
    },
  })
  gateway.tokens.add(token)
  t.after(() => gateway[Symbol.asyncDispose]())
  return gateway
}

export const outcome = (checks: readonly DoctorCheck[]): string =>
  checks.map(({ what, verdict }) => (verdict === 'ok' ? what : `${what}=${verdict}`)).join(' ')

export function failureOf(checks: readonly DoctorCheck[]): DoctorCheck {
  const failed = checks.filter(({ verdict }) => verdict === 'failed')
  assert.ok(failed[0], outcome(checks))
  assert.equal(new Set(failed.map(({ what }) => what)).size, 1, 'one step fails')
  const after = checks.slice(checks.indexOf(failed.at(-1) ?? failed[0]) + 1)
  assert.ok(after.every(({ verdict }) => verdict === 'not-tried'))
  for (const { hint } of failed) assert.ok(hint, `what to do: ${failed[0].detail}`)
  return failed[0]
}

export const detailOf = (checks: readonly DoctorCheck[], what: string): string =>
  checks.find((check) => check.what === what)?.detail ?? ''
