import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { matchesWildcard } from './wildcard.ts'

/** Slow, and obviously right. */
function matchesByRegex(pattern: string, text: string): boolean {
  const parts = pattern.split(/\*+/).map((part) => part.replaceAll('.', '\\.'))
  return new RegExp(`^${parts.join('.+')}$`).test(text)
}

describe('a wildcard', () => {
  test('matches what a regular expression would', () => {
    const letters = (...extra: string[]) =>
      fc.string({ unit: fc.constantFrom('a', 'b', '.', ...extra), maxLength: 12 })
    fc.assert(
      fc.property(letters('*', '*'), letters(), (pattern, text) => {
        assert.equal(matchesWildcard(pattern, text), matchesByRegex(pattern, text))
      }),
      { numRuns: 5000 },
    )
  })

  test('matches every text that its stars are filled with', () => {
    const parts = fc.array(fc.stringMatching(/^[a-z.]{0,4}$/), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(parts, fc.stringMatching(/^[a-z.]{1,5}$/), (parts, filling) => {
        assert.ok(matchesWildcard(parts.join('*'), parts.join(filling)))
      }),
    )
  })

  test('stands for at least one character, dots included', () => {
    assert.ok(matchesWildcard('*.example.com', 'a.b.example.com'))
    assert.ok(!matchesWildcard('*.example.com', '.example.com'))
    assert.ok(!matchesWildcard('*.example.com', 'example.com'))
    assert.ok(!matchesWildcard('*.example.com', 'a.example.com.evil.org'))
    assert.ok(!matchesWildcard('a*a', 'aa'))
    assert.ok(matchesWildcard('*', 'a'))
    assert.ok(!matchesWildcard('*', ''))
  })

  test('that would make a regular expression explode is answered at once', () => {
    const pattern = `${'a*'.repeat(100)}b`
    assert.ok(!matchesWildcard(pattern, 'a'.repeat(100_000)))
  })
})
