import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { documentRoot, type Place } from '../place.ts'
import type { PolicyProblem } from '../policy.ts'
import type { Matches } from './matcher.ts'
import { foldCase, parseStringMatcher } from './string.ts'
import { parseStringListMatcher } from './string-list.ts'

type Parse<Value> = (data: unknown, place: Place) => Matches<Value> | undefined

function parsed<Value>(parse: Parse<Value>, data: unknown): Matches<Value> {
  const problems: PolicyProblem[] = []
  return (
    parse(data, documentRoot({ problems, warnings: [] })) ?? assert.fail(JSON.stringify(problems))
  )
}

function faults(parse: Parse<never>, data: unknown): readonly string[] {
  const problems: PolicyProblem[] = []
  assert.equal(parse(data, documentRoot({ problems, warnings: [] })), undefined)
  return problems.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

// Few letters, so that the parts often meet.
const word = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '@'), maxLength: 4 })
const operand = word.filter((text) => text !== '')
const operands = fc.array(operand, { minLength: 1, maxLength: 3 })

/** What each operator means, said with nothing but `slice` and `===`. */
const slowString: Readonly<Record<string, (value: string, data: never) => boolean>> = {
  is: (value, text: string) => value === text,
  not: (value, text: string) => value !== text,
  contains: (value, text: string) =>
    Array.from(value).some((_, at) => value.slice(at, at + text.length) === text),
  starts_with: (value, text: string) => value.slice(0, text.length) === text,
  ends_with: (value, text: string) =>
    value.length >= text.length && value.slice(value.length - text.length) === text,
  in: (value, texts: readonly string[]) => texts.filter((text) => text === value).length > 0,
  not_in: (value, texts: readonly string[]) => texts.filter((text) => text === value).length === 0,
}

const stringData = fc
  .record(
    {
      is: operand,
      not: operand,
      contains: operand,
      starts_with: operand,
      ends_with: operand,
      in: operands,
      not_in: operands,
    },
    { requiredKeys: [] },
  )
  .filter((data) => Object.keys(data).length > 0)

test('a string matcher holds exactly when each of its operators does', () => {
  fc.assert(
    fc.property(stringData, word, (data, value) => {
      const expected = Object.entries(data).every(([name, text]) =>
        slowString[name]?.(value, text as never),
      )
      assert.equal(parsed(parseStringMatcher, data)(value), expected)
    }),
    { numRuns: 1000 },
  )
})

test('a folding string matcher is one of lower-case values', () => {
  const folding: Parse<string> = (data, place) => parseStringMatcher(data, place, foldCase)
  const lower = (data: unknown): unknown => JSON.parse(JSON.stringify(data).toLowerCase())
  fc.assert(
    fc.property(stringData, word, (data, value) => {
      const expected = parsed(parseStringMatcher, lower(data))(value.toLowerCase())
      assert.equal(parsed(folding, data)(value), expected)
    }),
    { numRuns: 500 },
  )
})

test('a string alone means is', () => {
  const matches = parsed(parseStringMatcher, 'Alice')
  assert.equal(matches('Alice'), true)
  assert.equal(matches('alice'), false)
})

test('letters that merely look like ASCII ones do not become them', () => {
  const matches = parsed<string>(
    (data, place) => parseStringMatcher(data, place, foldCase),
    'bob@kite.example',
  )
  assert.equal(matches('BOB@KITE.EXAMPLE'), true)
  assert.equal(matches('bob@\u212Aite.example'), false)
  assert.equal(matches('bob@k\u0130te.example'), false)
  assert.equal(foldCase('\u212AÄ'), '\u212Aä')
})

test('a string matcher refuses what would match everything, or nothing, or is no string', () => {
  assert.deepEqual(faults(parseStringMatcher, {}), [
    ': must have at least one of "is", "not", "contains", "starts_with", "ends_with", "in" or "not_in"',
  ])
  assert.deepEqual(faults(parseStringMatcher, ''), [': must not be empty'])
  assert.deepEqual(faults(parseStringMatcher, 7), [': must be a string, not a number'])
  assert.deepEqual(faults(parseStringMatcher, null), [': must be a string, not nothing'])
  assert.deepEqual(faults(parseStringMatcher, { contains: '', in: [], not_in: 'x', is: ['x'] }), [
    'contains: must not be empty',
    'in: must have at least one string',
    'not_in: must be a list of strings, not a string',
    'is: must be a string, not a list',
  ])
  assert.deepEqual(faults(parseStringMatcher, { in: ['x', 1, ''] }), [
    'in.1: must be a string, not a number',
    'in.2: must not be empty',
  ])
})

const slowList: Readonly<Record<string, (values: readonly string[], text: string) => boolean>> = {
  has: (values, text) => values.some((value) => value === text),
  is: (values, text) => JSON.stringify(values) === JSON.stringify([text]),
  exclude: (values, text) => values.every((value) => value !== text),
}

test('a string list matcher holds exactly when each of its operators does', () => {
  const data = fc
    .record({ has: operand, is: operand, exclude: operand }, { requiredKeys: [] })
    .filter((data) => Object.keys(data).length > 0)
  fc.assert(
    fc.property(data, fc.array(word, { maxLength: 3 }), (data, values) => {
      const expected = Object.entries(data).every(([name, text]) => slowList[name]?.(values, text))
      assert.equal(parsed(parseStringListMatcher, data)(values), expected)
    }),
    { numRuns: 1000 },
  )
})

test('a scalar alone means has, and numbers and booleans compare as strings', () => {
  assert.equal(parsed(parseStringListMatcher, 'a')(['b', 'a']), true)
  assert.equal(parsed(parseStringListMatcher, 3)(['3']), true)
  assert.equal(parsed(parseStringListMatcher, { is: true })(['true']), true)
  assert.equal(parsed(parseStringListMatcher, { exclude: false })(['true']), true)
})

test('a string list matcher refuses what is no scalar', () => {
  assert.deepEqual(faults(parseStringListMatcher, {}), [
    ': must have at least one of "has", "is" or "exclude"',
  ])
  assert.deepEqual(faults(parseStringListMatcher, null), [
    ': must be a string, number or boolean, not nothing',
  ])
  assert.deepEqual(faults(parseStringListMatcher, { has: ['a'], is: '', hsa: 'a' }), [
    'has: must be a string, number or boolean, not a list',
    'is: must not be empty',
    'hsa: unknown matcher "hsa", expected "has", "is" or "exclude"',
  ])
  for (const number of [2 ** 53, Number.NaN, Infinity]) {
    assert.deepEqual(faults(parseStringListMatcher, number), [': must be a number that is exact'])
  }
})

/** The one fault of some data, with its hint. */
function faultOf(parse: Parse<never>, data: unknown): string {
  const problems: PolicyProblem[] = []
  parse(data, documentRoot({ problems, warnings: [] }))
  const [problem, ...more] = problems
  assert.deepEqual(more, [])
  return `${problem?.message} (${problem?.hint})`
}

test('a list where one string is expected says what to write instead', () => {
  const five = ['a', 'b', 'c', 'd', 'e']
  const expected = 'must be a string, not a list'
  for (const [data, hint] of [
    [{ is: ['a', 'b'] }, 'write {in: ["a", "b"]}'],
    [{ not: ['a'] }, 'write {not_in: ["a"]}'],
    [{ is: five }, 'write {in: ["a", "b", "c", "d", "e"]}'],
    [{ is: [...five, 'f'] }, 'write {in: […]}'],
    [{ is: ['a', 1] }, 'write {in: […]}'],
    [{ contains: ['a'] }, 'write one criterion for each value'],
  ] as const)
    assert.equal(faultOf(parseStringMatcher, data), `${expected} (${hint})`)
  const several = 'must be a string or an object, not a list'
  assert.equal(faultOf(parseStringMatcher, ['a']), `${several} (write {in: […]} for several)`)
  const each = 'write one criterion for each value'
  assert.equal(faultOf(parseStringListMatcher, ['a']), `${several} (${each})`)
  const scalar = 'must be a string, number or boolean, not'
  assert.equal(faultOf(parseStringListMatcher, { has: ['a'] }), `${scalar} a list (${each})`)
  assert.equal(faultOf(parseStringListMatcher, { has: {} }), `${scalar} an object (undefined)`)
})

test('what YAML reads as something else is to be put in quotes', () => {
  const quotes = 'put it in quotes'
  for (const [data, kind] of [
    [7, 'a number'],
    [true, 'a boolean'],
  ] as const)
    assert.equal(faultOf(parseStringMatcher, data), `must be a string, not ${kind} (${quotes})`)
  assert.equal(faultOf(parseStringMatcher, null), 'must be a string, not nothing (undefined)')
  const exact = `must be a number that is exact (${quotes})`
  assert.equal(faultOf(parseStringListMatcher, 2 ** 53), exact)
  assert.equal(faultOf(parseStringListMatcher, -(2 ** 53)), exact)
  assert.equal(parsed(parseStringListMatcher, 2 ** 53 - 1)(['9007199254740991']), true)
})
