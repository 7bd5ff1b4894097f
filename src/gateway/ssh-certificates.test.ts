import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { systemClock } from '../clock.ts'
import type { SigningKeys } from '../identity/signing-keys.ts'
import { createApp } from '../pages/app.ts'
import { createSshSignApi } from '../pages/ssh-sign-api.ts'
import type { Client } from '../net/client.ts'
import { silentLogger } from '../log.ts'
import type { SshCaSettings } from '../ssh-ca/settings.ts'
import { createSshCa } from '../ssh-ca/ssh-ca.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import { decodeRefusal } from '../tunnel/refusal.ts'
import { parseCertificate } from '../tunnel/ssh/certificate.ts'
import { decodeSshSignAnswer } from '../tunnel/ssh-sign.ts'
import { startTestGateway, testRoute, testSession, type TestGateway } from './gateway.fixture.ts'
import { createWithGrant, type WithGrantParts } from './with-grant.ts'

const publicKey =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS ada'

const pair = generateKeyPairSync('ed25519')
const { x = '' } = pair.publicKey.export({ format: 'jwk' })
const key = {
  kid: 'key-1',
  privateKey: pair.privateKey,
  publicJwk: { kty: 'OKP', crv: 'Ed25519', x, kid: 'key-1', alg: 'EdDSA', use: 'sig' as const },
  createdAtMs: 0,
  retiredAtMs: undefined,
}
const keys: Pick<SigningKeys, 'all'> = {
  all: () => Promise.resolve([key]),
}

const minute: SshCaSettings = {
  principals: { kind: 'email', domains: ['site.com'] },
  lifetimeMs: 60_000,
  extensions: ['permit-pty'],
}

const adaOnly = [{ allow: { or: [{ email: { is: 'ada@site.com' } }] } }]

const client: Client = { ip: '192.0.2.1', endpoints: undefined }

interface Asked {
  readonly token?: string
  readonly target?: string
  readonly publicKey?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

interface Rig extends AsyncDisposable {
  readonly gateway: TestGateway
  ask(how: Asked): Promise<{ readonly status: number; readonly body: string }>
}

async function openRig(
  settings: SshCaSettings | 'none' = minute,
  more: Partial<WithGrantParts> = {},
): Promise<Rig> {
  const gateway = await startTestGateway([
    testRoute('tcp+https://ssh.site.com:443', [1], adaOnly),
    testRoute('tcp+https://open.site.com:443', [1]),
  ])
  for (const name of ['ada', 'bob'])
    gateway.sessions.set(name, testSession(name, `${name}@site.com`))
  const api = createSshSignApi({
    sshCa: createSshCa(keys, systemClock),
    settings: () => (settings === 'none' ? undefined : settings),
    withGrant: createWithGrant({ ...gateway.parts, ...more }),
    audit: gateway.parts.audit,
  })
  const app = createApp({ logger: silentLogger, signIn: undefined, sshSignApi: api })
  return {
    gateway,
    async ask({ token, target = 'ssh.site.com:443', publicKey: line = publicKey, headers, body }) {
      const request = new Request(`https://ssh.site.com${gatewayPaths.sshSign}`, {
        method: 'POST',
        headers: {
          accept: 'application/json',
          ...(token === undefined ? {} : { authorization: `Pomerium ${token}` }),
          ...headers,
        },
        body: body ?? JSON.stringify({ target, public_key: line }),
      })
      const response = await app(request, { requestId: 'r1', client })
      return { status: response.status, body: await response.text() }
    },
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  }
}

describe('the API for SSH certificates', () => {
  test('signs the key of whoever may have a tunnel there, and leaves an audit entry', async () => {
    await using rig = await openRig()
    const { status, body } = await rig.ask({ token: 'ada' })
    assert.equal(status, 200, body)
    const certificate = parseCertificate(decodeSshSignAnswer(body) ?? '') ?? assert.fail(body)
    assert.deepEqual(certificate.principals, ['ada'])
    assert.equal(certificate.keyId, 'ada@site.com request r1')
    const line = await rig.gateway.line(({ message }) => message === 'ssh certificate issued')
    assert.equal(line['serial'], String(certificate.serial))
    assert.deepEqual([line['email'], line['principals']], ['ada@site.com', ['ada']])
    assert.equal(JSON.parse(body).serial, String(certificate.serial))
  })

  test('holds no longer than the session', async () => {
    await using rig = await openRig()
    const endsMs = Date.now() + 20_000
    rig.gateway.sessions.set('ada', { ...testSession('ada', 'ada@site.com'), expiresAtMs: endsMs })
    const { body } = await rig.ask({ token: 'ada' })
    const certificate = parseCertificate(decodeSshSignAnswer(body) ?? '')
    assert.equal(certificate?.validBeforeS, Math.floor(endsMs / 1000))
  })

  test('refuses as a tunnel is refused, and whoever is nobody', async () => {
    await using rig = await openRig()
    const refusals: Readonly<Record<string, readonly [number, string, Asked]>> = {
      'another person': [403, 'policy_denied', { token: 'bob' }],
      'a stranger': [401, 'sign_in_required', {}],
      'a token that is over': [401, 'sign_in_required', { token: 'nobody' }],
      'a stranger at a public route': [401, 'sign_in_required', { target: 'open.site.com:443' }],
      'a route that is not there': [404, 'route_not_found', { token: 'ada', target: 'a.com:443' }],
      'a web page': [
        403,
        'origin_not_allowed',
        { token: 'ada', headers: { origin: 'https://ssh.site.com' } },
      ],
      'another key': [400, 'malformed_request', { token: 'ada', publicKey: 'ssh-rsa AAAA' }],
      'no target': [400, 'malformed_request', { token: 'ada', target: 'ssh.site.com' }],
      'no JSON': [400, 'malformed_request', { token: 'ada', body: 'target=ssh' }],
      null: [400, 'malformed_request', { token: 'ada', body: 'null' }],
      'too much': [413, 'request_too_large', { token: 'ada', body: 'x'.repeat(9_000) }],
    }
    for (const [who, [status, code, asked]] of Object.entries(refusals)) {
      const answer = await rig.ask(asked)
      assert.deepEqual([answer.status, decodeRefusal(answer.body)?.code], [status, code], who)
    }
    const issued = rig.gateway.lines.filter(({ message }) => message === 'ssh certificate issued')
    assert.deepEqual(issued, [])
  })

  test('gives somebody none whose address is of another domain', async () => {
    await using rig = await openRig({
      ...minute,
      principals: { kind: 'email', domains: ['site.org'] },
    })
    const { status, body } = await rig.ask({ token: 'ada' })
    assert.deepEqual([status, decodeRefusal(body)?.code], [403, 'no_ssh_account'])
  })

  test('gives none to somebody whose session ended while they were decided about', async () => {
    const sessions: { delete?: () => void } = {}
    await using rig = await openRig(minute, {
      askAgain(caller) {
        sessions.delete?.()
        return Promise.resolve(caller)
      },
    })
    sessions.delete = () => rig.gateway.sessions.delete('ada')
    const { status, body } = await rig.ask({ token: 'ada' })
    assert.deepEqual([status, decodeRefusal(body)?.code], [401, 'sign_in_required'])
  })

  test('says so where the gateway makes none', async () => {
    await using rig = await openRig('none')
    const { status, body } = await rig.ask({ token: 'ada' })
    assert.deepEqual([status, decodeRefusal(body)?.code], [403, 'no_ssh_certificates'])
  })
})
