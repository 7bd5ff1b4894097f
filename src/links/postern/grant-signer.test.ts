import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { createFakeClock } from '../../fake-clock.ts'
import type { FromGateway } from '../../tunnel/connector/protocol.ts'
import { grantAudience, type GrantClaims } from '../../tunnel/grant.ts'
import { createGrantSigner, type GatewayGrantKey } from './grant-signer.ts'
import { makeGrantKey } from './postern.fixture.ts'

const [first, second, third] = [await makeGrantKey(), await makeGrantKey(), await makeGrantKey()]

test('a grant is signed with the newest key that the connector says it trusts', async () => {
  const rig = openRig([second, first], [first])
  assert.equal(await rig.signedBy(), first.kid)
  await rig.saidSo(1)
  assert.equal(await rig.signedBy(), first.kid)
  rig.signer.heard([first.kid, second.kid])
  assert.equal(await rig.signedBy(), second.kid)
  assert.equal(rig.said.length, 1)
})

test('a key is vouched for by the newest one that is trusted, towards this connector and no other', async () => {
  const rig = openRig([third, second, first], [first, second])
  const introduced = rig.signer.introduce()
  const [statement] = await rig.saidSo(1)
  assert.ok(statement)
  assert.equal(decodeProtectedHeader(statement).kid, second.kid)
  const { jwk, keys, aud, iat, exp } = decodeJwt(statement)
  const { kty, crv, x } = third.publicJwk
  assert.deepEqual(jwk, { kty, crv, x })
  assert.deepEqual(keys, [third.kid, second.kid, first.kid])
  assert.deepEqual(aud, grantAudience('t', 'c'))
  assert.equal((exp ?? 0) - (iat ?? 0), 30)
  rig.signer.heard([first.kid, second.kid, third.kid])
  assert.equal(await introduced, true)
  assert.equal(rig.clock.pending, 0)
})

test('what was said is not said again before it is answered, and again with a later stream if it never is', async () => {
  const rig = openRig([second, first], [first])
  const introduced = rig.signer.introduce()
  await Promise.all([rig.signedBy(), rig.signedBy()])
  await rig.saidSo(1)
  await rig.signedBy()
  assert.equal(rig.said.length, 1)
  rig.clock.advance(3_000)
  assert.equal(await introduced, false)
  assert.equal(await rig.signedBy(), first.kid)
  await rig.saidSo(2)
})

test('a connector that trusts a key which is none of the gateway is told which ones are', async () => {
  const rig = openRig([second], ['forgotten', second.kid])
  const introduced = rig.signer.introduce()
  const [statement] = await rig.saidSo(1)
  assert.deepEqual(decodeJwt(statement ?? '')['keys'], [second.kid])
  rig.signer.heard([second.kid])
  assert.equal(await introduced, true)
})

test('a key that becomes the current one meanwhile is vouched for behind the one before', async () => {
  const rig = openRig([second, first], [first])
  const introduced = rig.signer.introduce()
  await rig.saidSo(1)
  rig.all.unshift(third)
  rig.signer.heard([first.kid, second.kid])
  await rig.saidSo(2)
  rig.signer.heard([first.kid, second.kid, third.kid])
  assert.equal(await introduced, true)
})

test('a connector that answers something else again and again is not told for ever', async () => {
  const rig = openRig([second, first], [first])
  const introduced = rig.signer.introduce()
  for (let times = 1; times <= 3; times += 1) {
    await rig.saidSo(times)
    rig.signer.heard([first.kid, 'whatever'])
  }
  assert.equal(await introduced, false)
  assert.equal(rig.said.length, 3)
})

test('a connector that trusts no key of the gateway is told nothing, and gets no grant', async () => {
  const rig = openRig([second], [first])
  assert.equal(await rig.signer.isTrusted(), false)
  assert.equal(await rig.signer.introduce(), false)
  await assert.rejects(rig.signedBy(), { code: 'connector-bad-grant' })
  assert.deepEqual(rig.said, [])
})

function openRig(keys: readonly GatewayGrantKey[], trusted: readonly (GatewayGrantKey | string)[]) {
  const all = [...keys]
  const clock = createFakeClock()
  const said: string[] = []
  let onSaid: () => void = () => undefined
  const signer = createGrantSigner({
    keys: async () => [...all],
    trusted: trusted.map((key) => (typeof key === 'string' ? key : key.kid)),
    audience: grantAudience('t', 'c'),
    clock,
    tell(message: FromGateway) {
      assert.ok(message.type === 'grant-key')
      said.push(message.signed)
      onSaid()
    },
  })
  return {
    all,
    clock,
    said,
    signer,
    /** The statements, once there are so many. */
    async saidSo(times: number) {
      while (said.length < times) await new Promise<void>((resolve) => (onSaid = resolve))
      return said
    },
    async signedBy() {
      return decodeProtectedHeader(await signer.sign(claims)).kid
    },
  }
}

const claims: GrantClaims = {
  iss: 'g',
  aud: grantAudience('t', 'c'),
  sub: '',
  route: 'r',
  hostname: 'tcp.site.com',
  request: 'req',
  jti: 'j',
  iat: 0,
  exp: 30,
}
