import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileNamePattern } from './name-pattern.ts'
import { threadMs } from '../../thread-time.fixture.ts'

const matches = (pattern: string, name: string): boolean => compileNamePattern(pattern)(name)

test('a pattern must match the whole name', () => {
  assert.equal(matches('a', 'a'), true)
  assert.equal(matches('a', 'ab'), false)
  assert.equal(matches('a|b', 'ab'), false)
  assert.equal(matches('^a$', 'a'), true)
  assert.equal(matches('', ''), true)
  assert.equal(matches('', 'a'), false)
})

test('patterns that people write for names', () => {
  assert.equal(matches('.*\\.corp\\.example', 'laptop.corp.example'), true)
  assert.equal(matches('.*\\.corp\\.example', 'laptop.corpXexample'), false)
  assert.equal(
    matches('spiffe://corp\\.example/ns/[a-z0-9-]+', 'spiffe://corp.example/ns/a-1'),
    true,
  )
  assert.equal(matches('(?:ada|bob)@example\\.com', 'bob@example.com'), true)
  assert.equal(matches('10\\.0\\.\\d{1,3}\\.\\d{1,3}', '10.0.12.255'), true)
  assert.equal(matches('[^@]+@example\\.com', 'x@y@example.com'), false)
  assert.equal(matches('\\w+', 'ä'), false)
  assert.equal(matches('.', '😀'), true)
  assert.equal(matches('.', '\n'), false)
})

test('RE2 is read as Pomerium reads it', () => {
  assert.equal(matches('(?i)laptop', 'LapTop'), true)
  assert.equal(matches('\\pL+', 'Ärger'), true)
  assert.equal(matches('[[:alpha:]]+\\x2d\\d', 'ab-1'), true)
  assert.equal(matches('\\Qa.b\\E', 'a.b'), true)
  assert.equal(matches('\\Qa.b\\E', 'axb'), false)
  // The end of the name, not of a line.
  assert.equal(matches('a$', 'a\n'), false)
  assert.equal(matches('(?s).*', 'a\nb'), true)
})

test('what RE2 does not read, or takes too much, is refused', () => {
  for (const pattern of [
    '(?=a)a',
    '(?!a)b',
    '(?<=a)b',
    '(?P=name)',
    '(a)\\1',
    '\\u0041',
    '[z-a]',
    '[a-\\d]',
    'a**',
    'a{1}{2}',
    'a{2,1}',
    'a{1001}',
    '*a',
    '(a',
    'a)',
    '[a',
    'a\\',
    'x'.repeat(1_025),
    '(?:(?:a{100}){100}){100}',
    '(?:(?:(?:){1000}){1000}){1000}',
    '(?:a?){1000}b{1000}',
  ]) {
    assert.throws(() => compileNamePattern(pattern), { code: 'invalid-pattern' }, pattern)
  }
})

test('what is wrong with a pattern is said', () => {
  assert.throws(() => compileNamePattern('a('), { message: 'missing closing ): `a(`' })
})

test('what takes other engines for ever takes no time', () => {
  const matchesAs = compileNamePattern('(a|aa)+(a*)*(?:(?:a?){20})b')
  const startedMs = threadMs()
  assert.equal(matchesAs('a'.repeat(2_000)), false)
  assert.ok(threadMs() - startedMs < 5_000)
  assert.equal(matchesAs('a'.repeat(2_000) + 'b'), true)
})

test('a name that is too long matches nothing', () => {
  assert.equal(matches('a*', 'a'.repeat(2_048)), true)
  assert.equal(matches('a*', 'a'.repeat(2_049)), false)
})

test('what both read alike means what it means to JavaScript', () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    '.',
    '\\.',
    '[ab]',
    '[^a]',
    '[a-c]',
    '\\d',
    '\\w',
    '-',
    '^',
    '$',
  )
  const quantifier = fc.constantFrom('', '*', '+', '?', '{2}', '{0,2}', '{1,}', '*?')
  const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc.oneof(
      { maxDepth: 4 },
      fc.tuple(atom, quantifier).map(([one, many]) => ('^$'.includes(one) ? one : one + many)),
      fc.tuple(tie('pattern'), tie('pattern')).map((parts) => parts.join('')),
      fc.tuple(tie('pattern'), tie('pattern')).map((parts) => parts.join('|')),
      fc.tuple(tie('pattern'), quantifier).map(([one, many]) => `(?:${one})${many}`),
      fc.tuple(tie('pattern'), quantifier).map(([one, many]) => `(${one})${many}`),
    ),
  }))
  const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', '-', '7', '_'), maxLength: 8 })
  fc.assert(
    fc.property(pattern, name, (text, value) => {
      assert.equal(matches(text, value), new RegExp(`^(?:${text})$`, 'u').test(value), text)
    }),
    { numRuns: 3_000 },
  )
})

test('whatever a pattern holds, it compiles or is refused with a reason', () => {
  const unit = fc.constantFrom(...Array.from('ab()[]{}|*+?^$\\.-:<=!,019 é😀'))
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 30 }), (text) => {
      try {
        compileNamePattern(text)('ab')
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'invalid-pattern', text)
      }
    }),
    { numRuns: 5_000 },
  )
})
