import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  declaredBy,
  describe as describeOnce,
  test as testOnce,
  type Context,
} from './node-test.ts'

test('tests are kept as they are declared, under names of their own, and run as often as is asked', async () => {
  const ran: string[] = []
  const load = () =>
    declaredBy('a.test.ts', async () => {
      testOnce('one', () => void ran.push('one'))
      testOnce('one', { timeout: 1 }, () => void ran.push('other'))
      describeOnce('part', () => testOnce('one', () => void ran.push('part')))
      testOnce('last', () => assert.fail('no'))
    })
  const tests = await load()
  const ids = [
    'a.test.ts > one',
    'a.test.ts > one (2)',
    'a.test.ts > part > one',
    'a.test.ts > last',
  ]
  assert.deepEqual(
    tests.map(({ id }) => id),
    ids,
  )
  assert.deepEqual(
    (await load()).map(({ id }) => id),
    ids,
  )
  assert.deepEqual(ran, [])
  for (const one of tests.slice(0, 3)) await one.run()
  await tests[0]?.run()
  assert.deepEqual(ran, ['one', 'other', 'part', 'one'])
  await assert.rejects(async () => tests[3]?.run(), { message: 'no' })
})

test('what a test has opened is closed and what it has mocked is put back, where it fails, too', async () => {
  const thing = { name: () => 'real' }
  let closed = 0
  const body = ({ after, mock }: Context): never => {
    after(() => (closed += 1))
    mock.method(thing, 'name', () => 'mocked')
    assert.equal(thing.name(), 'mocked')
    throw new Error('no')
  }
  const [one] = await declaredBy('b.test.ts', async () => testOnce('fails', body))
  await assert.rejects(async () => one?.run(), { message: 'no' })
  assert.deepEqual([closed, thing.name()], [1, 'real'])
})
