import assert from 'node:assert/strict'
import { test } from 'node:test'
import { documentRoot } from '../place.ts'
import type { PolicyProblem } from '../policy.ts'
import { never, shown, warnOfContradiction, warnOfListContradiction, warnOfTexts } from './doubt.ts'

/** What is warned of, as `path: message`. */
function warned(warn: (place: ReturnType<typeof documentRoot>) => void): readonly string[] {
  const warnings: PolicyProblem[] = []
  warn(documentRoot({ problems: [], warnings }))
  return warnings.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

test('each text of a matcher is looked at for what it is compared with', () => {
  const data = {
    is: 'a',
    not: 'b',
    in: ['c'],
    not_in: ['d'],
    has: 'e',
    exclude: 'f',
    starts_with: 'g',
    ends_with: 'h',
    contains: 'i',
    other: 'j',
  }
  assert.deepEqual(
    warned((place) => warnOfTexts(data, place, (text, role) => ({ message: `${text} ${role}` }))),
    [
      'is: a whole',
      'not: b whole',
      'in.0: c whole',
      'not_in.0: d whole',
      'has: e whole',
      'exclude: f whole',
      'starts_with: g start',
      'ends_with: h end',
      'contains: i part',
    ],
  )
})

test('texts of more than a thousand characters, and what is no text, are not looked at', () => {
  const doubt = () => ({ message: 'odd' })
  assert.equal(warned((place) => warnOfTexts('x'.repeat(1_000), place, doubt)).length, 1)
  for (const data of ['x'.repeat(1_001), 7, null, ['x']])
    assert.deepEqual(
      warned((place) => warnOfTexts(data, place, doubt)),
      [],
    )
})

test('operators contradict where nothing that is named fits the rest', () => {
  const says = (data: unknown, ...fitting: readonly string[]) =>
    warned((place) => warnOfContradiction(data, place, (text) => fitting.includes(text)))
  const message = (name: string) => [`: can never hold: nothing that "${name}" names fits the rest`]
  assert.deepEqual(says({ is: 'a' }), message('is'))
  assert.deepEqual(says({ is: 'a', in: ['b'] }, 'b'), message('is'))
  assert.deepEqual(says({ in: ['a', 'b'] }), message('in'))
  for (const data of [{ in: ['a', 'b'] }, { in: [] }, { not: 'x' }, {}, 'x'])
    assert.deepEqual(says(data, 'b'), [])
})

test('the same holds for lists, also of numbers and booleans', () => {
  const says = (data: unknown, ...fitting: readonly string[]) =>
    warned((place) => warnOfListContradiction(data, place, ([one = '']) => fitting.includes(one)))
  const message = (name: string) => [`: can never hold: what "${name}" names does not fit the rest`]
  assert.deepEqual(says({ has: 7 }), message('has'))
  assert.deepEqual(says({ is: true, has: 'a' }, 'a'), message('is'))
  for (const data of [{ has: 7 }, { exclude: 'x' }, { has: ['x'] }, {}, 'x'])
    assert.deepEqual(says(data, '7'), [])
})

test('a long text is shown up to eighty characters', () => {
  assert.equal(shown('x'.repeat(80)), `"${'x'.repeat(80)}"`)
  assert.equal(shown('x'.repeat(81)), `"${'x'.repeat(80)}…"`)
  assert.deepEqual(never('a', 'why', 'hint'), { message: '"a" can never match: why', hint: 'hint' })
})
