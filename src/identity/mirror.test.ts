import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMirror, type Mirror } from './mirror.ts'

interface Rig {
  readonly mirror: Mirror<string>
  /** What the store holds. */
  readonly rows: Map<string, string>
  readonly reads: string[]
  /** While there is one, the store answers when it is resolved, with what it held when it was asked. */
  slow: PromiseWithResolvers<void> | undefined
}

function createRig(): Rig {
  const rig: Rig = {
    rows: new Map([['s', 'one']]),
    reads: [],
    slow: undefined,
    mirror: createMirror(async (id) => {
      rig.reads.push(id)
      const row = rig.rows.get(id)
      await rig.slow?.promise
      return row
    }),
  }
  return rig
}

test('a row is read once, and again after each write', async () => {
  const { mirror, rows, reads } = createRig()
  const first = await mirror.read('s')
  assert.deepEqual([await mirror.read('s'), reads.length], [first, 1])
  rows.set('s', 'two')
  mirror.kept('s')
  assert.deepEqual(await mirror.read('s'), { row: 'two', version: first?.version })
  rows.set('s', 'three')
  mirror.changed('s')
  const third = await mirror.read('s')
  assert.equal(third?.row, 'three')
  assert.notEqual(third.version, first?.version)
  assert.equal(third.version, mirror.version('s'))
  assert.equal(reads.length, 3)
})

test('many who ask at once are one question', async () => {
  const { mirror, reads } = createRig()
  const found = await Promise.all(Array.from({ length: 100 }, () => mirror.read('s')))
  assert.ok(found.every((it) => it?.row === 'one' && it.version === mirror.version('s')))
  assert.equal(reads.length, 1)
})

for (const change of ['changed', 'forget'] as const) {
  test(`what was read before a row was ${change} is never taken for what is there now`, async () => {
    const rig = createRig()
    const { mirror, rows } = rig
    rig.slow = Promise.withResolvers()
    const early = mirror.read('s')
    rows.set('s', 'two')
    mirror[change]('s')
    const late = mirror.read('s')
    rig.slow.resolve()
    const [before, after] = await Promise.all([early, late])
    assert.equal(before?.row, 'one')
    assert.notEqual(before.version, mirror.version('s'))
    assert.deepEqual(after, { row: 'two', version: mirror.version('s') })
    assert.equal((await mirror.read('s'))?.row, 'two')
  })
}

test('what was read before a write that changes no decision is not kept either', async () => {
  const rig = createRig()
  rig.slow = Promise.withResolvers()
  const early = rig.mirror.read('s')
  rig.rows.set('s', 'two')
  rig.mirror.kept('s')
  rig.slow.resolve()
  await early
  assert.equal((await rig.mirror.read('s'))?.row, 'two')
})

test('what is not in the store leaves nothing behind, and a failure neither', async () => {
  const { mirror } = createRig()
  assert.equal(await mirror.read('t'), undefined)
  assert.equal(mirror.version('t'), undefined)
  let isBroken = true
  const failing = createMirror(() =>
    isBroken ? Promise.reject(new Error('lost')) : Promise.resolve(1),
  )
  await assert.rejects(failing.read('s'), { message: 'lost' })
  assert.equal(failing.version('s'), undefined)
  isBroken = false
  assert.equal((await failing.read('s'))?.row, 1)
})

test('a failure leaves the version of a row that is known, since tunnels rest on it', async () => {
  let isBroken = false
  const mirror = createMirror(() =>
    isBroken ? Promise.reject(new Error('lost')) : Promise.resolve(1),
  )
  const known = await mirror.read('s')
  isBroken = true
  mirror.kept('s')
  await assert.rejects(mirror.read('s'), { message: 'lost' })
  assert.equal(mirror.version('s'), known?.version)
})

test('a row that was added is there without a question, unless something has happened to it', async () => {
  const { mirror, reads } = createRig()
  mirror.fill('a', mirror.enter('a'), 'added')
  assert.equal((await mirror.read('a'))?.row, 'added')
  const version = mirror.enter('b')
  mirror.forget('b')
  mirror.fill('b', version, 'ended since')
  assert.equal(mirror.version('b'), undefined)
  assert.equal(await mirror.read('b'), undefined)
  assert.deepEqual(reads, ['b'])
})

test('no version comes twice, whatever is forgotten', () => {
  const { mirror } = createRig()
  const versions = Array.from({ length: 10 }, () => {
    const version = mirror.enter('s')
    mirror.forget('s')
    return version
  })
  assert.equal(new Set(versions).size, 10)
})

test('so many rows are kept, and of the others their versions', async () => {
  const { mirror, reads } = createRig()
  for (let index = 0; index <= 10_000; index += 1) {
    const id = `r-${index}`
    mirror.fill(id, mirror.enter(id), 'row')
    if (index % 100 === 0) await mirror.read('r-0')
  }
  assert.equal((await mirror.read('r-0'))?.row, 'row')
  assert.deepEqual(reads, [])
  const version = mirror.version('r-1')
  await mirror.read('r-1')
  assert.deepEqual(reads, ['r-1'])
  assert.ok(version !== undefined)
})
