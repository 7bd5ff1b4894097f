import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import type { AnySession, Session } from '../identity/session.ts'
import type { SigningKey, SigningKeys } from '../identity/signing-keys.ts'
import { parseCertificate } from '../tunnel/ssh/certificate.ts'
import { parseSshPublicKey } from '../tunnel/ssh/public-key.ts'
import { principalsOf } from './principals.ts'
import type { PrincipalsFrom, SshCaSettings } from './settings.ts'
import { createSshCa } from './ssh-ca.ts'

const clock = createFakeClock(Date.UTC(2026, 0, 1))
const nowS = clock.now() / 1000
const domains = ['site.com']
const email: PrincipalsFrom = { kind: 'email', domains }

function session(more: Partial<Session> = {}): Session {
  const nowMs = clock.now()
  return {
    kind: 'person',
    id: 's1',
    userId: 'u1',
    email: 'Ada.L@Site.com',
    emailVerified: true,
    name: undefined,
    groups: [],
    claims: {},
    provider: 'default',
    issuer: 'https://login.site.com',
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + 3_600_000,
    refreshedAtMs: nowMs,
    refreshDueAtMs: nowMs + 600_000,
    device: undefined,
    ...more,
  }
}

const serviceAccount: AnySession = {
  kind: 'service-account',
  id: 's2',
  userId: 'ci',
  email: undefined,
  emailVerified: false,
  groups: [],
  claims: {},
  expiresAtMs: undefined,
}

function key(kid: string, retiredAtMs?: number): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const jwk = publicKey.export({ format: 'jwk' })
  return {
    kid,
    privateKey,
    publicJwk: { ...jwk, kty: 'OKP', kid, alg: 'EdDSA', use: 'sig' },
    createdAtMs: 0,
    retiredAtMs,
  }
}

const [current, retired] = [key('new-key-1'), key('old-key-1', 5)]
const keys: Pick<SigningKeys, 'all'> = {
  all: () => Promise.resolve([current, retired]),
}
const ca = createSshCa(keys, clock)
const publicKey =
  parseSshPublicKey(
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS user',
  ) ?? assert.fail('the test has no key')

async function issue(
  settings: Partial<SshCaSettings> = {},
  more: { readonly session?: AnySession; readonly validUntilMs?: number } = {},
) {
  const signer = await ca.openSigner()
  const { line } = signer.issue({
    publicKey,
    requestId: 'r1',
    session: more.session ?? session(),
    validUntilMs: more.validUntilMs,
    settings: { principals: email, lifetimeMs: 300_000, extensions: ['permit-pty'], ...settings },
  })
  return parseCertificate(line) ?? assert.fail('it cannot be read')
}

describe('an SSH certificate', () => {
  test('names the person, the request and the account, and holds for minutes', async () => {
    const { serial, fields, type, ...rest } = await issue()
    assert.ok(serial > 0n)
    assert.deepEqual({ type, fields }, publicKey)
    assert.deepEqual(rest, {
      keyId: 'Ada.L@Site.com request r1',
      principals: ['ada.l'],
      // A minute before, since clocks differ.
      validAfterS: nowS - 60,
      validBeforeS: nowS + 300,
      extensions: ['permit-pty'],
    })
  })

  test('holds no longer than the decision that it rests on', async () => {
    const { validBeforeS } = await issue({}, { validUntilMs: clock.now() + 5_000 })
    assert.equal(validBeforeS, nowS + 5)
  })

  test('has another serial each time', async () => {
    assert.notEqual((await issue()).serial, (await issue()).serial)
  })

  test('keeps to one line of a log, whatever the provider calls somebody', async () => {
    const { keyId } = await issue(
      { principals: { kind: 'fixed', names: ['ops'] } },
      { session: session({ email: 'a\nAccepted publickey for root' }) },
    )
    assert.doesNotMatch(keyId, /\n/)
  })

  test('is of the key before until that is forgotten, so that every sshd knows the new one by then', async () => {
    const signerOf = async (kept: readonly SigningKey[]) => {
      const signer = await createSshCa({ all: async () => kept }, clock).openSigner()
      const settings = { principals: email, lifetimeMs: 300_000, extensions: [] }
      const { line } = signer.issue({
        publicKey,
        requestId: 'r1',
        session: session(),
        validUntilMs: undefined,
        settings,
      })
      return Buffer.from(line.split(' ')[1] ?? '', 'base64')
    }
    const isBy = async (kept: readonly SigningKey[], { publicJwk }: SigningKey) =>
      (await signerOf(kept)).includes(Buffer.from(publicJwk.x ?? '', 'base64url'))
    assert.deepEqual(
      [await isBy([current, retired], retired), await isBy([current], current)],
      [true, true],
    )
    assert.equal(await isBy([current, retired], current), false)
  })

  test('is trusted by the current key and those before it', async () => {
    const lines = await ca.trustedKeys()
    assert.deepEqual(
      lines.map((line) => line.split(' ')[2]),
      ['postern-new-key-', 'postern-old-key-'],
    )
    for (const line of lines) assert.notEqual(parseSshPublicKey(line), undefined)
  })
})

describe('the accounts in a certificate', () => {
  const refused = (who: AnySession, from: PrincipalsFrom): void => {
    assert.throws(() => principalsOf(who, from), { code: 'no-ssh-account' })
  }

  test('come from a verified address of these domains alone', () => {
    assert.deepEqual(principalsOf(session(), email), ['ada.l'])
    refused(session({ emailVerified: false }), email)
    refused(session({ email: undefined }), email)
    for (const address of ['ada@evil.com', 'ada@sub.site.com', 'ada@site.com@evil.com', 'ada'])
      refused(session({ email: address }), email)
  })

  test('are whole local parts: nobody becomes another by a character that is left out', () => {
    for (const local of [
      'ada+x',
      'a b',
      'ada\u0000',
      'ad\u00e1',
      '*',
      '-ada',
      '.ada',
      'ada,root',
      '',
    ])
      refused(session({ email: `${local}@site.com` }), email)
  })

  test('are not root by an address, and may be by what the operator writes', () => {
    refused(session({ email: 'ROOT@site.com' }), email)
    assert.deepEqual(principalsOf(session(), { kind: 'fixed', names: ['root'] }), ['root'])
  })

  test('come from a claim, one or many, without what cannot be an account', () => {
    const from: PrincipalsFrom = { kind: 'claim', claim: 'ssh.accounts' }
    const claims = (accounts: unknown) => session({ claims: { ssh: { accounts } } })
    assert.deepEqual(principalsOf(claims('deploy'), from), ['deploy'])
    const partner = { ...claims('root'), provider: 'partner' }
    assert.throws(() => principalsOf(partner, from), { code: 'no-ssh-account' })
    assert.deepEqual(principalsOf(claims(['deploy', 'a b', 7, 'ops', 'ops']), from), [
      'deploy',
      'ops',
    ])
    for (const none of [undefined, [], ['a b'], 7, {}]) refused(claims(none), from)
    refused(claims(Array.from({ length: 65 }, (_, index) => `a${index}`)), from)
  })

  test('are none for a service account', () => {
    refused(serviceAccount, { kind: 'fixed', names: ['ops'] })
  })
})
