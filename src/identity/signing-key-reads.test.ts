import assert from 'node:assert/strict'
import { createHash, createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import type { Change } from '../store/store.ts'
import type { SigningKeyRecord } from '../store/publish-store.ts'
import { createSigningKeys } from './signing-keys.ts'

type Store = Parameters<typeof createSigningKeys>[0]

/** The keys of a store in memory alone; `lose` has another gateway be first as many times. */
function make({ lose = 0, fails = [] as boolean[] } = {}) {
  const clock = createFakeClock()
  let records: SigningKeyRecord[] = []
  const listeners = new Set<(changes: readonly Change[]) => void>()
  const tell = (...kinds: readonly string[]): void => {
    const changes = kinds.map((kind) => ({ kind }) as Change)
    for (const listener of listeners) listener(changes)
  }
  let lost = 0
  let lists = 0
  const signingKeys: Store['signingKeys'] = {
    async list(purpose) {
      lists += 1
      if (fails.shift() === true) throw new Error('busy')
      return records.filter((record) => record.purpose === purpose)
    },
    async add(record, replaces) {
      if (lost < lose) {
        lost += 1
        tell('signing-key')
        return false
      }
      const retired = records.map((one) =>
        one.kid === replaces ? { ...one, retiredAtMs: clock.now() } : one,
      )
      records = [record, ...retired]
      tell('signing-key')
      return true
    },
    removeRetired: async (purpose) => [`retired ${purpose}`],
  }
  const feed = {
    onChanges(listener: (changes: readonly Change[]) => void) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
  } as Store['feed']
  const keys = createSigningKeys({ signingKeys, feed }, clock)
  return { keys, clock, tell, records: () => records, lists: () => lists }
}

test('keys are of the kind that their signatures are verified by, and for signatures alone', async () => {
  const { keys } = make()
  for (const [purpose, alg, type, size] of [
    ['audit', 'EdDSA', 'ed25519', undefined],
    ['connector-ca', 'ES256', 'ec', 'prime256v1'],
    ['application-token', 'RS256', 'rsa', 2048],
  ] as const) {
    const { publicJwk, kid, privateKey } = await keys.current(purpose)
    assert.deepEqual([publicJwk.alg, publicJwk.use, publicJwk.kid], [alg, 'sig', kid], purpose)
    const { asymmetricKeyType, asymmetricKeyDetails: details } = privateKey
    assert.equal(asymmetricKeyType, type)
    assert.equal(details?.namedCurve ?? details?.modulusLength, size)
    const publicKey = createPublicKey({ key: { ...publicJwk }, format: 'jwk' })
    assert.ok(publicKey.equals(createPublicKey(privateKey)))
  }
})

test('a key is named by the thumbprint of its public part (RFC 7638)', async () => {
  const { kid, publicJwk } = await make().keys.current('audit')
  const text = JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x: publicJwk.x })
  assert.equal(kid, createHash('sha256').update(text).digest('base64url'))
})

test('a key says when it was made and retired, and the current one is not retired', async () => {
  const { keys, clock, records } = make()
  const first = await keys.current('audit')
  assert.deepEqual([first.createdAtMs, first.retiredAtMs], [clock.now(), undefined])
  clock.advance(1000)
  const second = await keys.rotate('audit')
  assert.equal(second.createdAtMs, clock.now())
  const all = await keys.all('audit')
  assert.deepEqual(
    all.map(({ kid, retiredAtMs }) => [kid, retiredAtMs]),
    [
      [second.kid, undefined],
      [first.kid, clock.now()],
    ],
  )
  assert.match(records()[0]?.privateKey ?? '', /^-----BEGIN PRIVATE KEY-----/)
})

test('all keys of a purpose have a current one among them', async () => {
  assert.equal((await make().keys.all('audit')).length, 1)
})

test('keys are read from the store once, and again when keys have changed', async () => {
  const { keys, tell, lists } = make()
  await keys.current('audit')
  const before = lists()
  await keys.current('audit')
  tell('session')
  await keys.all('audit')
  assert.equal(lists(), before)
  tell('session', 'signing-key')
  await Promise.all([keys.current('audit'), keys.current('audit')])
  assert.equal(lists(), before + 1)
})

test('listeners hear of changed keys, of nothing else, and no more once they are disposed of', () => {
  const { keys, tell } = make()
  let heard = 0
  const listening = keys.onChanged(() => (heard += 1))
  tell('session')
  assert.equal(heard, 0)
  tell('signing-key')
  assert.equal(heard, 1)
  listening[Symbol.dispose]()
  tell('signing-key')
  assert.equal(heard, 1)
})

test('whoever finds another key each time gives up after three', async () => {
  assert.ok(await make({ lose: 1 }).keys.current('audit'))
  await assert.rejects(make({ lose: 3 }).keys.current('audit'), {
    name: 'SystemError',
    code: 'signing-key-not-made',
    message: 'no key could be made for "audit"',
  })
})

test('a store that could not be read is asked again by the next, and by no further one', async () => {
  const { keys, lists } = make({ fails: [true] })
  await assert.rejects(keys.current('audit'), { message: 'busy' })
  await keys.current('audit')
  const before = lists()
  await keys.current('audit')
  assert.equal(lists(), before)
})

test('the names of forgotten keys are those that the store answers', async () => {
  assert.deepEqual(await make().keys.forgetRetired('audit'), ['retired audit'])
})
