import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { freeName, isGatewayName, noGateways, type KnownGateways } from './known-gateway.ts'
import { renamed, withDefault, withKnownName, withSignIn, without } from './remember.ts'

const at = (origin: string) => ({ gateway: parseGatewayUrl(origin) })

function signedInAt(...origins: readonly string[]): KnownGateways {
  return origins.reduce((all, origin) => withSignIn(all, at(origin)), noGateways)
}

const namesOf = ({ gateways, defaultName }: KnownGateways) =>
  gateways.map(({ name }) => (name === defaultName ? `${name}*` : name))

describe('what becomes of remembered gateways', () => {
  test('the first one is the default, and names are the first labels of hosts', () => {
    const all = signedInAt(
      'https://work.example.com',
      'https://work.example.org:8443',
      'https://lab',
    )
    assert.deepEqual(namesOf(all), ['work*', 'work-2', 'lab'])
  })

  test('every host has a name that is one', () => {
    for (const host of ['10.0.0.1', '::1', '_dmarc.a', 'a'.repeat(63), 'x--', '---', 'a_b.c']) {
      const taken = new Set<string>()
      for (let count = 0; count < 3; count += 1) {
        const name = freeName({ host }, taken)
        assert.ok(isGatewayName(name) && !taken.has(name), name)
        taken.add(name)
      }
    }
  })

  test('a later sign-in changes what it has found out, and keeps the rest', () => {
    const first = withSignIn(noGateways, { ...at('https://a.test'), ca: 'one', account: 'ada' })
    const again = withSignIn(first, { ...at('https://a.test'), account: 'bob' })
    assert.deepEqual(
      again.gateways.map(({ ca, account }) => [ca, account]),
      [['one', 'bob']],
    )
    const other = withSignIn(again, { ...at('https://a.test'), ca: 'two', name: 'new' })
    assert.deepEqual([namesOf(other), other.gateways[0]?.ca], [['new*'], 'two'])
  })

  test('another name of a gateway adds none', () => {
    const all = withKnownName(signedInAt('https://a.test'), 'https://a.test', 'https://b.test')
    assert.deepEqual(namesOf(withSignIn(all, at('https://b.test'))), ['a*'])
    assert.equal(withKnownName(all, 'https://a.test', 'https://b.test'), all)
    assert.equal(withKnownName(all, 'https://gone.test', 'https://c.test'), all)
  })

  test('names are changed, chosen and forgotten', () => {
    const all = signedInAt('https://a.test', 'https://b.test', 'https://c.test')
    assert.deepEqual(namesOf(withDefault(all, 'b')), ['a', 'b*', 'c'])
    assert.deepEqual(namesOf(renamed(all, 'a', 'work')), ['work*', 'b', 'c'])
    assert.deepEqual(namesOf(without(all, 'a')), ['b', 'c'])
    assert.deepEqual(namesOf(without(without(all, 'b'), 'a')), ['c*'])
    assert.deepEqual(namesOf(without(all, 'c')), ['a*', 'b'])
  })

  test('a name that is taken, unknown or none is said to be', () => {
    const all = signedInAt('https://work.test', 'https://b.test')
    assert.throws(() => withSignIn(all, { ...at('https://c.test'), name: 'b' }), {
      code: 'gateway-exists',
    })
    assert.throws(() => renamed(all, 'work', 'b'), { code: 'gateway-exists' })
    assert.throws(() => without(all, 'wrok'), { code: 'gateway-unknown', hint: /"work"/ })
    for (const name of ['', 'A', 'a.b', 'a:1', '-a', 'a b', 'https://a', 'a\u001b', 'a'.repeat(64)])
      assert.throws(() => renamed(all, 'work', name), { code: 'invalid-gateway-name' }, name)
  })
})
