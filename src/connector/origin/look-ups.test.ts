import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LookUpAll } from '../../net/dial.ts'
import { createLookUps, createOriginLookUps } from './look-ups.ts'
import { threadMs } from '../../thread-time.fixture.ts'

/** A resolver that answers when a test says so, and what it has been asked. */
function slowResolver() {
  const asked = new Map<string, Parameters<LookUpAll>[2]>()
  const order: string[] = []
  const lookUp: LookUpAll = (host, _options, done) => {
    order.push(host)
    asked.set(host, done)
  }
  const answer = (host: string): void =>
    asked.get(host)?.(null, [{ address: '192.0.2.1', family: 4 }])
  return { lookUp, order, answer }
}

/** Asks for a name, and says how often it was answered. */
function ask(lookUp: LookUpAll, host: string, signal?: AbortSignal): () => number {
  let answers = 0
  lookUp(host, signal === undefined ? { all: true } : { all: true, signal }, (error, found) => {
    assert.equal(error, null)
    assert.equal(found[0]?.address, '192.0.2.1')
    answers += 1
  })
  return () => answers
}

test('a slow name takes one place, however many want it', () => {
  const { lookUp, order, answer } = slowResolver()
  const bounded = createLookUps(lookUp, 2)('')
  const slow = Array.from({ length: 50 }, () => ask(bounded, 'slow.example'))
  const other = ask(bounded, 'other.example')
  assert.deepEqual(order, ['slow.example', 'other.example'])
  answer('other.example')
  assert.equal(other(), 1)
  answer('slow.example')
  assert.deepEqual(new Set(slow.map((answers) => answers())), new Set([1]))
  ask(bounded, 'slow.example')
  assert.equal(order.length, 3)
})

test('no more names are looked up at once than there are places', () => {
  const { lookUp, order, answer } = slowResolver()
  const bounded = createLookUps(lookUp, 2)('')
  for (const name of ['a', 'b', 'c', 'd']) ask(bounded, name)
  assert.deepEqual(order, ['a', 'b'])
  answer('b')
  assert.deepEqual(order, ['a', 'b', 'c'])
})

test('a name that nobody waits for any more takes no place', () => {
  const { lookUp, order, answer } = slowResolver()
  const bounded = createLookUps(lookUp, 1)('')
  const gone = new AbortController()
  ask(bounded, 'a')
  const left = [ask(bounded, 'b', gone.signal), ask(bounded, 'c', gone.signal)]
  const stays = ask(bounded, 'c')
  ask(bounded, 'd')
  gone.abort()
  for (const name of ['a', 'c', 'd']) answer(name)
  assert.deepEqual(order, ['a', 'c', 'd'])
  assert.equal(stays(), 1)
  assert.deepEqual(
    left.map((answers) => answers()),
    [0, 0],
  )
})

test('nobody takes all places, and whoever has fewer under way is next', () => {
  const { lookUp, order, answer } = slowResolver()
  const { ofClients } = createOriginLookUps({ lookup: lookUp, threads: 32 })
  for (let name = 0; name < 100; name += 1) ask(ofClients('mallory'), `m${name}`)
  assert.deepEqual(order, ['m0', 'm1', 'm2'])
  const alices = ask(ofClients('alice'), 'a')
  assert.deepEqual(order.splice(0), ['m0', 'm1', 'm2', 'a'])
  ask(ofClients('bob'), 'b')
  assert.deepEqual(order, [])
  answer('m0')
  answer('a')
  assert.equal(alices(), 1)
  answer('m1')
  answer('m2')
  assert.deepEqual(order.splice(0), ['b', 'm3', 'm4', 'm5'])
  // The one that is kept for others is free again.
  answer('b')
  assert.deepEqual(order, [])
})

test('of one place each has a turn, also by a name that somebody else has asked for', () => {
  const { lookUp, order, answer } = slowResolver()
  const { ofClients } = createOriginLookUps({ lookup: lookUp, threads: 4 })
  for (const name of ['m0', 'm1', 'm2']) ask(ofClients('mallory'), name)
  ask(ofClients('alice'), 'm2')
  answer('m0')
  assert.deepEqual(order, ['m0', 'm1'])
})

test('thousands of names that one person waits for cost nobody else anything', () => {
  const { lookUp, order, answer } = slowResolver()
  const bounded = createLookUps(lookUp, 2, 1)
  const beganMs = threadMs()
  // As many as a connector takes streams.
  for (let name = 0; name < 8_000; name++) ask(bounded('mallory'), `m${name}`)
  for (let name = 0; name < 8_000; name++) answer(`m${name}`)
  assert.equal(order.length, 8_000)
  const tookMs = threadMs() - beganMs
  assert.ok(tookMs < 1_000, `${tookMs} ms`)
})

test('of one name that two people want one may leave, and the other has it', () => {
  const { lookUp, order, answer } = slowResolver()
  const bounded = createLookUps(lookUp, 1)
  ask(bounded('alice'), 'a')
  const leaving = new AbortController()
  ask(bounded('mallory'), 'm', leaving.signal)
  const alices = ask(bounded('alice'), 'm')
  leaving.abort()
  answer('a')
  assert.deepEqual(order, ['a', 'm'])
  answer('m')
  assert.equal(alices(), 1)
})

test('an address waits for nothing', () => {
  const { lookUp, order } = slowResolver()
  const bounded = createLookUps(lookUp, 1)('')
  for (const host of ['a', '192.0.2.1', '2001:db8::1']) ask(bounded, host)
  assert.deepEqual(order, ['a', '192.0.2.1', '2001:db8::1'])
})

test('names that clients choose leave places for those of rules, and both for the gateway', () => {
  const names = Array.from({ length: 20 }, (_, index) => `name${index}`)
  for (const [threads, clients, rules] of [
    [32, 4, 10],
    [4, 1, 1],
    [1, 1, 1],
  ] as const) {
    const { lookUp, order } = slowResolver()
    const { ofClients, ofRules } = createOriginLookUps({ lookup: lookUp, threads })
    for (const [index, name] of names.entries()) ask(ofClients(`person${index}`), name)
    assert.equal(order.length, clients)
    for (const name of names) ask(ofRules, name)
    assert.equal(order.length, clients + rules)
  }
})
