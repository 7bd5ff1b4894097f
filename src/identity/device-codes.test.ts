import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import type { FakeClock } from '../fake-clock.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import {
  createDeviceCodes,
  deviceCodeLifeMs,
  devicePollIntervalMs,
  formatUserCode,
  parseUserCode,
} from './device-codes.ts'
import type { DeviceCodes } from './device-codes.ts'

const machine = { host: 'build-7', command: 'postern login --device', address: '192.0.2.1' }
const viewer = { userId: 'u-alice', address: '198.51.100.1' }

async function open(t: TestContext): Promise<{ codes: DeviceCodes; clock: FakeClock }> {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const clock = createFakeClock()
  return {
    codes: createDeviceCodes(store.deviceCodes, clock, { reported: (error) => error }),
    clock,
  }
}

test('a code is read however it is typed, and only when it is one', () => {
  for (const text of ['BCDF-GHJK', 'bcdfghjk', ' bcdf ghjk ', 'BCDF\u2013GHJK']) {
    assert.equal(parseUserCode(text), 'BCDFGHJK', text)
  }
  for (const text of [
    '',
    'BCDF-GHJ',
    'BCDF-GHJKL',
    'ACDF-GHJK',
    '8CDF-GHJK',
    `BCDFGHJK${' '.repeat(99)}`,
  ]) {
    assert.equal(parseUserCode(text), undefined, text)
  }
  assert.equal(formatUserCode('BCDFGHJK'), 'BCDF-GHJK')
})

test('a machine waits until its code is approved and a session attached, and takes it once', async (t) => {
  const { codes, clock } = await open(t)
  const { secret, record } = await codes.begin(machine)
  assert.equal(Buffer.from(secret, 'base64url').length, 32)
  assert.match(record.userCode, /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/)
  const poll = async (): Promise<string> => {
    clock.advance(devicePollIntervalMs)
    const answer = await codes.poll(secret)
    return answer.state === 'signed-in' ? answer.sessionId : answer.state
  }
  assert.equal(await poll(), 'pending')
  const found = await codes.find(record.userCode, viewer)
  assert.deepEqual(
    [found.host, found.command, found.address],
    [machine.host, machine.command, machine.address],
  )
  // Looking at it has granted nothing.
  assert.equal(await poll(), 'pending')
  await codes.approve(found, 'u-alice')
  assert.equal(await poll(), 'pending')
  assert.equal(await codes.attach(found.secretHash, { userId: 'u-bob', sessionId: 's-b' }), false)
  assert.equal(await codes.attach(found.secretHash, { userId: 'u-alice', sessionId: 's-a' }), true)
  assert.equal(await poll(), 's-a')
  assert.equal(await poll(), 'over')
})

test('only the secret polls: neither the code a person sees nor what is stored', async (t) => {
  const { codes } = await open(t)
  const { record } = await codes.begin(machine)
  await codes.approve(record, 'u-alice')
  await codes.attach(record.secretHash, { userId: 'u-alice', sessionId: 's-a' })
  for (const guess of [record.userCode, record.secretHash, '', 'x'.repeat(43)]) {
    assert.deepEqual(await codes.poll(guess), { state: 'over' })
  }
})

test('a machine is told of a denial, and nobody approves after it', async (t) => {
  const { codes } = await open(t)
  const { secret, record } = await codes.begin(machine)
  await codes.deny(record.secretHash)
  await assert.rejects(codes.approve(record, 'u-alice'), { code: 'device-code-over' })
  await assert.rejects(codes.deny(record.secretHash), { code: 'device-code-over' })
  assert.deepEqual(await codes.poll(secret), { state: 'denied', why: undefined })
})

test('a code is good for 10 minutes', async (t) => {
  const { codes, clock } = await open(t)
  const { secret, record } = await codes.begin(machine)
  clock.advance(deviceCodeLifeMs - 1)
  assert.equal((await codes.find(record.userCode, viewer)).host, 'build-7')
  clock.advance(1)
  await assert.rejects(codes.find(record.userCode, viewer), { code: 'device-code-unknown' })
  await assert.rejects(codes.approve(record, 'u-alice'), { code: 'device-code-over' })
  assert.deepEqual(await codes.poll(secret), { state: 'over' })
})

test('who polls too soon is told to slow down, also when the session is there', async (t) => {
  const { codes, clock } = await open(t)
  const { secret, record } = await codes.begin(machine)
  assert.deepEqual(await codes.poll(secret), { state: 'pending' })
  assert.deepEqual(await codes.poll(secret), { state: 'too-soon' })
  await codes.approve(record, 'u-alice')
  await codes.attach(record.secretHash, { userId: 'u-alice', sessionId: 's-a' })
  clock.advance(devicePollIntervalMs / 2)
  assert.deepEqual(await codes.poll(secret), { state: 'too-soon' })
  clock.advance(devicePollIntervalMs)
  assert.equal((await codes.poll(secret)).state, 'signed-in')
})

test('a machine that asks again and again shuts out itself, not its neighbours', async (t) => {
  const { codes, clock } = await open(t)
  const begin = (host: string, address = '2001:db8::1') =>
    codes.begin({ ...machine, host, address })
  for (let count = 0; count < 20; count += 1) await begin('loop')
  clock.advance(400_000)
  // Another address of the same subscriber.
  await assert.rejects(begin('loop', '2001:db8::2'), {
    code: 'too-many-device-codes',
    retryAfterSeconds: 200,
  })
  await begin('build-7')
  await begin('loop', '2001:db8:0:1::1')
  for (let count = 21; count < 200; count += 1) await begin(`build-${count}`)
  await assert.rejects(begin('build-200'), { code: 'too-many-device-codes' })
  clock.advance(200_000)
  await begin('loop')
})

test('codes that somebody has answered make room for others', async (t) => {
  const { codes } = await open(t)
  for (let count = 0; count < 100; count += 1) {
    const { record } = await codes.begin(machine)
    if (count % 2 === 0) await codes.deny(record.secretHash)
    else {
      await codes.approve(record, 'u-alice')
      await codes.attach(record.secretHash, { userId: 'u-alice', sessionId: `s-${count}` })
    }
  }
})

test('a flood from many addresses leaves room for those that have few codes', async (t) => {
  const { codes, clock } = await open(t)
  const begin = (address: string, host: string) => codes.begin({ ...machine, host, address })
  for (let count = 0; count < 2000; count += 1)
    await begin(`10.0.0.${Math.floor(count / 199)}`, `m-${count}`)
  await assert.rejects(begin('10.0.0.1', 'm'), { code: 'too-many-device-codes' })
  for (let count = 0; count < 5; count += 1) await begin('192.0.2.99', 'm')
  await assert.rejects(begin('192.0.2.99', 'm'), { code: 'too-many-device-codes' })
  for (let count = 2005; count < 4000; count += 1)
    await begin(`10.${1 + Math.floor(count / 200)}.0.${count % 200}`, 'm')
  await assert.rejects(begin('198.51.100.9', 'm'), { code: 'too-many-device-codes' })
  clock.advance(600_000)
  await begin('10.0.0.1', 'm')
})

test('wrong codes are counted by person and by address, right ones are not', async (t) => {
  const { codes, clock } = await open(t)
  const { record } = await codes.begin(machine)
  const guess = (userId: string, code = 'ZZZZZZZZ') =>
    codes.find(code, { userId, address: viewer.address })
  for (let count = 0; count < 10; count += 1) {
    await guess('u-alice', record.userCode)
    await assert.rejects(guess('u-alice'), { code: 'device-code-unknown' })
  }
  await assert.rejects(guess('u-alice', record.userCode), { code: 'too-many-wrong-codes' })
  for (let count = 0; count < 190; count += 1) await assert.rejects(guess(`u-${count}`))
  await assert.rejects(guess('u-new', record.userCode), { code: 'too-many-wrong-codes' })
  assert.ok(await codes.find(record.userCode, { userId: 'u-new', address: '198.51.100.2' }))
  clock.advance(600_000)
  await assert.rejects(guess('u-alice'), { code: 'device-code-unknown' })
})

test('wrong codes that are typed at the same moment are counted too', async (t) => {
  const { codes } = await open(t)
  const guesses = Array.from({ length: 50 }, () => codes.find('ZZZZZZZZ', viewer))
  const results = await Promise.allSettled(guesses)
  const answers = results.map((it) =>
    it.status === 'rejected' ? (it.reason as { code: string }).code : 'found',
  )
  assert.equal(answers.filter((code) => code === 'device-code-unknown').length, 10)
  assert.equal(answers.filter((code) => code === 'too-many-wrong-codes').length, 40)
})
