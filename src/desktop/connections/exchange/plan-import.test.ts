import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseExchange } from './parse-exchange.ts'
import { planImport } from './plan-import.ts'

async function plan(
  connections: readonly object[],
  existing: Parameters<typeof planImport>[0] = [],
  duplicates: Parameters<typeof planImport>[2] = 'refuse',
) {
  const written = connections.map((one) => ({ destination: 'db.corp:5432', ...one }))
  return planImport(
    existing,
    await parseExchange('f', JSON.stringify({ connections: written })),
    duplicates,
  )
}

describe('the plan of an import', () => {
  test('adds all that is written, and says what cannot be up', async () => {
    const { answer, add } = await plan(
      [{ name: 'a' }, { name: 'b', protocol: 'udp' }],
      [{ name: 'c' }],
    )
    assert.deepEqual(answer.added, ['a', 'b'])
    assert.deepEqual(
      add.map(({ name }) => name),
      ['a', 'b'],
    )
    assert.deepEqual(
      answer.unsupported.map(({ name }) => name),
      ['b'],
    )
    assert.deepEqual([answer.faults, answer.duplicates, answer.removed], [[], [], []])
  })

  test('refuses names that are taken, at their places, also among those of the text', async () => {
    const { answer, add } = await plan(
      [{ name: 'A' }, { name: 'b' }, { name: 'B' }],
      [{ name: 'a' }],
    )
    assert.deepEqual(add, [])
    assert.deepEqual([answer.added, answer.duplicates], [[], ['A', 'B']])
    assert.deepEqual(
      answer.faults.map(({ path, line, message }) => [path, line, message]),
      [
        ['connections[0].name', 1, '"A" is the name of another connection'],
        ['connections[2].name', 1, '"B" is the name of another connection'],
      ],
    )
  })

  test('skips them, or keeps them under other names', async () => {
    const written = [{ name: 'A', tags: ['x'] }, { name: 'b' }, { name: 'a 2' }]
    const skipped = await plan(written, [{ name: 'a' }], 'skip')
    assert.deepEqual([skipped.answer.added, skipped.answer.duplicates], [['b', 'a 2'], ['A']])
    const kept = await plan(written, [{ name: 'a' }], 'keep')
    assert.deepEqual(
      [kept.answer.added, kept.answer.duplicates],
      [
        ['A 2', 'b', 'a 3'],
        ['A', 'a 2'],
      ],
    )
    assert.deepEqual(kept.add[0]?.tags, ['x'])
  })

  test('one fault, and nothing is added', async () => {
    for (const duplicates of ['refuse', 'skip', 'keep'] as const) {
      const { answer, add } = await plan(
        [{ name: 'a' }, { name: 'b', listen: 'x' }],
        [],
        duplicates,
      )
      assert.deepEqual([add, answer.added], [[], []])
      assert.match(answer.faults[0]?.path ?? '', /^connections\[1\]\.listen$/)
    }
  })

  test('a local address that another has is left to the first, and named', async () => {
    const existing = [
      { name: 'old', listen: '127.0.0.1:1' },
      { name: 'own', address: '127.9.9.9:2' },
    ]
    const { answer, add } = await plan(
      [
        { name: 'a', listen: '1' },
        { name: 'b', listen: '127.9.9.9:2' },
        { name: 'c', listen: ':3' },
        { name: 'd', listen: '127.0.0.1:3' },
      ],
      existing,
    )
    assert.deepEqual(
      add.map(({ listen }) => listen),
      [undefined, undefined, ':3', undefined],
    )
    assert.deepEqual(answer.adjusted, [
      '"a" gets an address of its own: "1" is that of "old"',
      '"b" gets an address of its own: "127.9.9.9:2" is that of "own"',
      '"d" gets an address of its own: "127.0.0.1:3" is that of "c"',
    ])
  })

  test('there are never more than can be kept', async () => {
    const existing = Array.from({ length: 9_999 }, (_, index) => ({ name: `c ${index}` }))
    assert.equal((await plan([{ name: 'a' }], existing)).add.length, 1)
    const { answer, add } = await plan([{ name: 'a' }, { name: 'b' }], existing)
    assert.deepEqual([add.length, answer.faults[0]?.hint], [0, 'delete some first'])
  })

  test('ten thousand of one name are kept under as many, or a hundred of them named as faults', async () => {
    const written = Array.from({ length: 10_000 }, () => ({ name: 'db', listen: '127.0.0.1:1' }))
    const kept = await plan(written, [], 'keep')
    assert.equal(new Set(kept.answer.added).size, 10_000)
    const { answer } = await plan(written)
    assert.deepEqual([answer.faults.length, answer.faults.at(-1)?.message], [101, '9899 more'])
  })
})
