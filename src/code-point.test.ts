import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { codePoint } from './code-point.fixture.ts'

test('every code point but halves of pairs can be drawn, as with the unit of fast-check', () => {
  const edges = ['\0', '\uD7FF', '\uE000', '\u{10FFFF}']
  for (const text of edges) assert.ok(codePoint.canShrinkWithoutContext(text))
  for (const text of ['', 'ab', '\uD800', '\uDFFF'])
    assert.ok(!codePoint.canShrinkWithoutContext(text))
  fc.assert(
    fc.property(
      codePoint,
      (text) => text.isWellFormed() && String.fromCodePoint(text.codePointAt(0) ?? 0) === text,
    ),
  )
})
