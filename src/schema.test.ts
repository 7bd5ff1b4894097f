import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { parseDuration } from './clock.ts'
import { ConfigError, formatProblem } from './errors.ts'
import { threadMs } from './thread-time.fixture.ts'
import { readDocument, secretTextOf, show, textOf } from './schema.ts'

const schema = z.strictObject({
  name: z.string(),
  level: z.enum(['debug', 'info']).default('info'),
  wait: textOf('a duration such as 15m', parseDuration).optional(),
  secret: secretTextOf('at least 3 characters', (text) =>
    text.length < 3 ? undefined : text,
  ).optional(),
  count: z.number().int().min(1).max(5).optional(),
  parts: z
    .array(z.strictObject({ from: z.string(), on: z.boolean().optional() }))
    .min(1)
    .optional(),
})

function problemsOf(text: string): readonly string[] {
  try {
    readDocument('f', text, schema)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems.map(formatProblem)
  }
}

describe('reading a document', () => {
  test('gives the typed value with its defaults', () => {
    const value = readDocument('f', 'name: a\nwait: 2s\nparts: [{from: b}]', schema)
    assert.deepEqual(value, { name: 'a', level: 'info', wait: 2000, parts: [{ from: 'b' }] })
  })

  test('tells every problem at once, in our words and at its place', () => {
    const text = `name: 5
level: inf
wait: 900
secret: ab
count: 7
parts:
  - form: x
    on: "yes"
  - 3
lvel: x
`
    assert.deepEqual(problemsOf(text), [
      'f:1:7: name: must be text, not 5',
      'f:2:8: level: must be one of "debug", "info", not "inf"\n  hint: did you mean "info"?',
      'f:3:7: wait: must be a duration such as 15m, not 900',
      'f:4:9: secret: must be at least 3 characters',
      'f:5:8: count: must be at most 5, not 7',
      'f:7:5: parts[0].from: is required: text',
      'f:8:9: parts[0].on: must be true or false, not "yes"',
      'f:7:5: parts[0].form: unknown key\n  hint: did you mean "from"?',
      'f:9:5: parts[1]: must be a mapping of keys to values, not 3',
      'f:10:1: lvel: unknown key\n  hint: did you mean "level"?',
    ])
  })

  test('tells how long a text or a list may be, and repeats none that is too long', () => {
    const short = z.strictObject({ key: z.string().max(4), tags: z.array(z.string()).max(2) })
    assert.throws(
      () => readDocument('f', 'key: secret\ntags: [a, b, c]', short),
      ({ message }: Error) =>
        message.includes('key: must be at most 4 characters, not 6') &&
        message.includes('tags: must have at most 2 entries, not 3') &&
        !message.includes('secret'),
    )
  })

  test('a mapping of a hundred thousand unknown keys takes a moment', () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => `nam${index}: 1`)
    const before = threadMs()
    const problems = problemsOf(keys.join('\n'))
    assert.ok(threadMs() - before < 10_000, `${threadMs() - before} ms`)
    assert.equal(problems.length, 100_001)
    assert.equal(problems.at(-1), 'f:100000:1: nam99999: unknown key')
  })

  test('tells what is empty, and where quotes are all that is missing', () => {
    assert.deepEqual(problemsOf('name:\nparts: []\nwait:'), [
      'f:1:6: name: must be text, but it is empty',
      'f:3:6: wait: must be a duration such as 15m, but it is empty',
      'f:2:8: parts: must not be empty',
    ])
    const word = z.strictObject({ id: textOf('text', (text) => text) })
    assert.throws(
      () => readDocument('f', 'id: 12', word),
      /not 12\n {4}hint: write "12", in quotes/,
    )
  })

  test('never repeats a secret', () => {
    assert.ok(!problemsOf('name: a\nsecret: zq').join().includes('zq'))
  })
})

test('a value is shown short and on one line', () => {
  assert.equal(show('a\nb'), '"a\\nb"')
  assert.ok(show('x'.repeat(1000)).length < 70)
  assert.equal(show([1]), 'a list')
  assert.equal(show({}), 'a mapping')
})
