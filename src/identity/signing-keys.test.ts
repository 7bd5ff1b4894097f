import assert from 'node:assert/strict'
import { sign, verify, createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import type { SigningPurpose } from '../store/publish-store.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { createSigningKeys } from './signing-keys.ts'

const purposes: Readonly<Record<SigningPurpose, string>> = {
  'connector-grant': 'EdDSA',
  'ssh-ca': 'EdDSA',
  'application-token': 'RS256',
  'connector-ca': 'ES256',
  audit: 'EdDSA',
}

for (const [purpose, alg] of Object.entries(purposes) as [SigningPurpose, string][]) {
  test(`a key for ${purpose} is made at its first use, and signs what its public part verifies`, async (t) => {
    const { keys } = await openRig(t)
    const key = await keys.current(purpose)
    const { publicJwk } = key
    assert.equal(publicJwk.alg, alg)
    assert.equal(publicJwk.kid, key.kid)
    assert.ok(!('d' in publicJwk))
    const digest = alg === 'EdDSA' ? null : 'sha256'
    const signature = sign(digest, Buffer.from('text'), key.privateKey)
    const publicKey = createPublicKey({ key: { ...publicJwk }, format: 'jwk' })
    assert.ok(verify(digest, Buffer.from('text'), publicKey, signature))
    assert.equal((await keys.current(purpose)).kid, key.kid)
  })
}

test('two who need the first key at once get the same', async (t) => {
  const { keys, others } = await openRig(t)
  const both = await Promise.all([keys, others].map((it) => it.current('connector-grant')))
  assert.equal(both[0]?.kid, both[1]?.kid)
})

test('a rotation retires the key before, which stays known, for everybody at once', async (t) => {
  const { keys, others } = await openRig(t)
  const first = await keys.current('ssh-ca')
  await others.current('ssh-ca')
  const second = await keys.rotate('ssh-ca')
  assert.notEqual(second.kid, first.kid)
  assert.equal((await others.current('ssh-ca')).kid, second.kid)
  const all = await keys.all('ssh-ca')
  assert.deepEqual(
    all.map(({ kid, retiredAtMs }) => [kid, retiredAtMs !== undefined]),
    [
      [second.kid, false],
      [first.kid, true],
    ],
  )
})

test('a retired key that is forgotten is known to nobody any more, and the current one stays', async (t) => {
  const { keys, others } = await openRig(t)
  const first = await keys.current('connector-grant')
  const second = await keys.rotate('connector-grant')
  await others.all('connector-grant')
  let heard = 0
  using _ = others.onChanged(() => (heard += 1))
  assert.deepEqual(await keys.forgetRetired('connector-grant'), [first.kid])
  assert.equal(heard, 1)
  for (const each of [keys, others]) {
    const all = await each.all('connector-grant')
    assert.deepEqual(
      all.map(({ kid }) => kid),
      [second.kid],
    )
  }
})

test('a store that cannot be read now is asked again', async (t) => {
  const { keys, store } = await openRig(t)
  const broken = t.mock.method(store.signingKeys, 'list', () => Promise.reject(new Error('busy')))
  await assert.rejects(keys.current('ssh-ca'), { message: 'busy' })
  broken.mock.restore()
  assert.ok((await keys.current('ssh-ca')).kid)
})

async function openRig(t: TestContext) {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const clock = createFakeClock()
  return { store, keys: createSigningKeys(store, clock), others: createSigningKeys(store, clock) }
}

test('whoever may not any more once the key is drawn has not rotated it', async (t) => {
  const { keys } = await openRig(t)
  const { kid } = await keys.current('audit')
  const refuse = (): never => {
    throw new Error('not any more')
  }
  await assert.rejects(keys.rotate('audit', refuse), /not any more/)
  assert.equal((await keys.current('audit')).kid, kid)
})
