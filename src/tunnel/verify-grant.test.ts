import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  calculateJwkThumbprint,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  SignJWT,
  type JWK,
} from 'jose'
import { createFakeClock } from '../fake-clock.ts'
import { pinGrantKeys } from './grant-keys.ts'
import { grantAudience, grantKeyType, grantType, type GrantClaims } from './grant.ts'
import { signGrant, signGrantKey, type GrantKey } from './sign-grant.ts'
import { createGrantVerifier } from './verify-grant.ts'

const [tunnelId, connectorId] = ['6f1e', 'c0de']
const startMs = Date.UTC(2026, 0, 1)
const startS = startMs / 1000

interface NewKey extends GrantKey {
  readonly publicJwk: JWK
}

async function newKey(): Promise<NewKey> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const publicJwk = await exportJWK(publicKey)
  return { publicJwk, privateKey, kid: await calculateJwkThumbprint(publicJwk) }
}

const [ours, other] = [await newKey(), await newKey()]

const statement = {
  audience: grantAudience(tunnelId, connectorId),
  issuedAtS: startS,
  keys: ['any'],
}

function claims(changes: Partial<GrantClaims> = {}): GrantClaims {
  return {
    iss: 'gw.example.com',
    aud: grantAudience(tunnelId, connectorId),
    sub: 'user@example.com',
    route: 'r1',
    hostname: 'tcp.example.com',
    service: undefined,
    request: 'req-1',
    jti: 'once-1',
    iat: startS,
    exp: startS + 30,
    ...changes,
  }
}

async function open(pinned: readonly JWK[] = [ours.publicJwk]) {
  const clock = createFakeClock(startMs)
  const keys = await pinGrantKeys(pinned, { source: 'token', tunnelId, connectorId, clock })
  return { clock, keys, verifier: createGrantVerifier({ tunnelId, connectorId, keys, clock }) }
}

/** What a key says of another one, where the gateway has these. */
function word(
  key: Pick<NewKey, 'publicJwk'>,
  voucher: GrantKey,
  all: readonly GrantKey[] = [ours, other],
): Promise<string> {
  const keys = all.map(({ kid }) => kid)
  return signGrantKey(key.publicJwk, { ...statement, keys }, voucher)
}

/** A JWS by our key with a head of its own. */
function signedWith(
  head: Readonly<Partial<Record<'alg' | 'typ' | 'kid' | 'cty', string>>>,
  payload: object = claims(),
) {
  return new SignJWT({ ...payload })
    .setProtectedHeader({ alg: 'EdDSA', ...head })
    .sign(ours.privateKey)
}

/** One that is ours, of so many bytes. */
async function grantOf(bytes: number): Promise<string> {
  for (let more = 5_000; more < 7_000; more += 1) {
    // Base64 has no text of every length, so its head grows as well.
    for (const cty of [undefined, 'x', 'xx', 'xxx']) {
      const length = (text: unknown) => Math.ceil((JSON.stringify(text).length * 4) / 3)
      const head = { alg: 'EdDSA', typ: grantType, kid: ours.kid, ...(cty && { cty }) }
      const payload = claims({ route: 'r'.repeat(more) })
      if (length(head) + length(payload) + 88 !== bytes) continue
      const grant = await signedWith(head, payload)
      assert.equal(grant.length, bytes)
      return grant
    }
  }
  return assert.fail(`no grant has ${bytes} bytes`)
}

describe('a grant', () => {
  test('that is ours says what it is for', async () => {
    const { verifier } = await open()
    const given = claims({ service: 'db.internal:5432' })
    assert.deepEqual(await verifier.verify(await signGrant(given, ours)), given)
    const bastion = claims({ bastion: true, jti: 'x'.repeat(64) })
    assert.deepEqual(await verifier.verify(await signGrant(bastion, ours)), bastion)
  })

  test('has a type of its own on the wire, as has the word for a key', async () => {
    assert.equal(decodeProtectedHeader(await signGrant(claims(), ours)).typ, 'postern-grant+jwt')
    assert.equal(decodeProtectedHeader(await word(other, ours)).typ, 'postern-grant-key+jwt')
  })

  test('is taken up to 8 KiB', async () => {
    for (const [excess, isTaken] of [
      [0, true],
      [1, false],
    ] as const) {
      const { verifier } = await open()
      const taken = await verifier.verify(await grantOf(8 * 1024 + excess)).catch(() => undefined)
      assert.equal(taken !== undefined, isTaken)
    }
  })

  const refused: readonly (readonly [string, () => Promise<string> | string, RegExp])[] = [
    ['that is missing', () => '', /^the grant of a stream is not taken: there is none$/],
    ['that is no JWS', () => 'grant', /Invalid Compact JWS/],
    ['of another key', () => signGrant(claims(), other), /not signed by a key that is trusted/],
    [
      'of another key that names ours',
      () => signGrant(claims(), { ...other, kid: ours.kid }),
      /signature verification failed/,
    ],
    ['of another type', () => signedWith({ typ: 'JWT', kid: ours.kid }), /"typ"/],
    ['that is a word for a key', () => signedWith({ typ: grantKeyType, kid: ours.kid }), /"typ"/],
    [
      'by another algorithm',
      () => signedWith({ alg: 'Ed25519', typ: grantType, kid: ours.kid }),
      /"alg"/,
    ],
    ['without the name of its key', () => signedWith({ typ: grantType }), /not signed by/],
    [
      'for another tunnel',
      () => signGrant(claims({ aud: ['tunnel:other', `connector:${connectorId}`] }), ours),
      /not for "tunnel:6f1e"/,
    ],
    [
      'for another run of the connector',
      () => signGrant(claims({ aud: [`tunnel:${tunnelId}`, 'connector:before'] }), ours),
      /not for "connector:c0de"/,
    ],
    ['that lives too long', () => signGrant(claims({ exp: startS + 31 }), ours), /lives too long/],
    [
      'that has expired',
      () => signGrant(claims({ iat: startS - 91, exp: startS - 61 }), ours),
      /has expired 61 s ago, by the clock of the connector: compare the clocks/,
    ],
    [
      'from the future',
      () => signGrant(claims({ iat: startS + 61, exp: startS + 91 }), ours),
      /was made 61 s from now, by the clock of the connector: compare the clocks/,
    ],
    ['without a name', () => signGrant(claims({ jti: '' }), ours), /lacks a claim/],
    ['without an end', () => signGrant(claims({ exp: undefined as never }), ours), /lacks a claim/],
    ['without a time', () => signGrant(claims({ iat: undefined as never }), ours), /lacks a claim/],
    ['with a long name', () => signGrant(claims({ jti: 'x'.repeat(65) }), ours), /too long/],
    [
      'that says no host name',
      () => signGrant(claims({ hostname: 7 as unknown as string }), ours),
      /lacks a claim/,
    ],
    [
      'that does not say clearly who named the service',
      () => signGrant(claims({ bastion: 'yes' as never }), ours),
      /its "bastion" is not true/,
    ],
    ['that is long', () => signGrant(claims({ route: 'r'.repeat(9000) }), ours), /it is too long/],
  ]
  for (const [what, make, why] of refused) {
    test(`${what} is refused`, async () => {
      const { verifier } = await open()
      const grant = await make()
      await assert.rejects(verifier.verify(grant), { code: 'bad-grant', message: why })
    })
  }

  test('is taken by a clock that is a minute before or behind', async () => {
    for (const skewS of [-60, 89]) {
      const { verifier, clock } = await open()
      const grant = await signGrant(claims({ iat: startS + 60, exp: startS + 90 }), ours)
      clock.advance((60 + skewS) * 1000)
      await verifier.verify(grant)
    }
  })

  test('is used once, by whichever of two comes first, and for as long as it could be used', async () => {
    const { verifier, clock } = await open()
    const grant = await signGrant(claims(), ours)
    const both = await Promise.allSettled([verifier.verify(grant), verifier.verify(grant)])
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    clock.advance(89_000)
    await assert.rejects(verifier.verify(grant), { message: /used before/ })
    clock.advance(1_000)
    await assert.rejects(verifier.verify(grant), { message: /has expired/ })
  })

  test('signed with a secret that everybody knows is refused', async () => {
    const { verifier } = await open()
    const secret = new TextEncoder().encode(ours.publicJwk.x)
    const grant = await new SignJWT({ ...claims(), aud: [...claims().aud] })
      .setProtectedHeader({ alg: 'HS256', typ: grantType, kid: ours.kid })
      .sign(secret)
    await assert.rejects(verifier.verify(grant), { code: 'bad-grant' })
  })
})

describe('a grant key', () => {
  test('is trusted by the word of one that is pinned, and by the word of that', async () => {
    const { keys, verifier } = await open()
    const third = await newKey()
    assert.equal(await keys.learn(await word(other, ours)), true)
    assert.equal(await keys.learn(await word(third, other, [ours, other, third])), true)
    assert.deepEqual(keys.thumbprints, [ours.kid, other.kid, third.kid])
    assert.deepEqual(
      keys.publicKeys.map(({ x }) => x),
      [third, other, ours].map(({ publicJwk }) => publicJwk.x),
    )
    await verifier.verify(await signGrant(claims(), third))
  })

  test('is not trusted by its own word, by a stranger’s, or by that of a grant', async () => {
    const { keys } = await open()
    const { kid } = ours
    const { kty, crv, x } = other.publicJwk
    const said = { jwk: { kty, crv, x }, keys: [kid], aud: statement.audience, exp: startS + 30 }
    const words = [
      await word(other, other),
      await word(other, { ...other, kid: ours.kid }),
      await signedWith({ typ: grantType, kid }, said),
      await signedWith({ typ: grantKeyType, alg: 'Ed25519', kid }, said),
      await signedWith({ typ: grantKeyType, kid }, { ...said, jwk: {} }),
      await signedWith({ typ: grantKeyType, kid }, { ...said, keys: undefined }),
      await signedWith({ typ: grantKeyType, kid }, { ...said, exp: undefined }),
      '',
    ]
    for (const each of words) await assert.rejects(keys.learn(each))
    const unusable = { ...other, publicJwk: { kty: 'OKP', crv: 'X25519', x: x ?? '' } }
    await assert.rejects(keys.learn(await word(unusable, ours)), {
      message: 'it is no key of Ed25519',
    })
    await assert.rejects(
      keys.learn(await signedWith({ typ: grantKeyType, kid }, { ...said, keys: 'any' })),
      { message: 'it does not say which keys there are' },
    )
    assert.equal(await keys.learn(await word(ours, ours, [ours])), false)
    assert.deepEqual(keys.thumbprints, [ours.kid])
    // As it should be said, it is trusted.
    await keys.learn(await signedWith({ typ: grantKeyType, kid }, said))
    assert.deepEqual(keys.thumbprints, [ours.kid, other.kid])
  })

  test('is vouched for towards one run of one connector, and no longer than a grant holds', async () => {
    for (const audience of [
      grantAudience('other', connectorId),
      grantAudience(tunnelId, 'before'),
    ]) {
      const { keys } = await open()
      const signed = await signGrantKey(other.publicJwk, { ...statement, audience }, ours)
      await assert.rejects(keys.learn(signed), { message: /it is not for "/ })
    }
    for (const [laterMs, isTrusted] of [
      [89_000, true],
      [90_000, false],
    ] as const) {
      const { keys, clock } = await open()
      const signed = await word(other, ours)
      clock.advance(laterMs)
      assert.equal(await keys.learn(signed).catch(() => false), isTrusted)
    }
  })

  test('that the gateway has forgotten is trusted no more, pinned or learnt', async () => {
    const { keys, verifier } = await open()
    const third = await newKey()
    await keys.learn(await word(other, ours))
    await keys.learn(await word(third, ours, [third]))
    assert.deepEqual(keys.thumbprints, [third.kid])
    for (const former of [ours, other]) {
      await assert.rejects(verifier.verify(await signGrant(claims(), former)), {
        message: /not signed by a key that is trusted/,
      })
      await assert.rejects(keys.learn(await word(other, former)))
    }
    await verifier.verify(await signGrant(claims(), third))
  })

  test('that is forgotten while a grant of it is verified lets nothing through', async () => {
    const { keys, clock } = await open()
    let asked = 0
    const find: typeof keys.find = (header) => {
      asked += 1
      if (asked > 1) throw new Error('it is not signed by a key that is trusted here')
      return keys.find(header)
    }
    const verifier = createGrantVerifier({ tunnelId, connectorId, keys: { find }, clock })
    await assert.rejects(verifier.verify(await signGrant(claims(), ours)), { code: 'bad-grant' })
    assert.equal(asked, 2)
  })

  test('that is learnt never takes the place of one that is pinned', async () => {
    const { keys } = await open()
    const learnt: NewKey[] = []
    for (let index = 0; index < 12; index += 1) {
      learnt.push(await newKey())
      const [newest] = learnt.slice(-1)
      assert.ok(newest)
      await keys.learn(await word(newest, ours, [ours, ...learnt]))
    }
    assert.equal(keys.thumbprints.length, 9)
    assert.equal(keys.thumbprints[0], ours.kid)
  })

  test('is needed, and must be a public key of Ed25519', async () => {
    const faultOf = async (pinned: readonly JWK[]): Promise<unknown> => {
      const error: unknown = await open(pinned).then(() => assert.fail('was taken'), String)
      return error
    }
    const { x = '' } = ours.publicJwk
    assert.match(
      String(await faultOf([])),
      /token: has no grant key, without which nothing is dialled/,
    )
    for (const jwk of [
      { kty: 'oct', k: 'AAAA' },
      { kty: 'EC', crv: 'Ed25519', x },
      { kty: 'OKP', crv: 'X25519', x },
      { kty: 'OKP', crv: 'Ed25519', x: 7 as never },
    ])
      assert.match(
        String(await faultOf([jwk])),
        /token: has a grant key that cannot be used: Error: it is no key of Ed25519/,
      )
    await assert.rejects(open([{ kty: 'OKP', crv: 'Ed25519', x: 'AAAA' }]), {
      code: 'invalid-configuration',
    })
  })
})
