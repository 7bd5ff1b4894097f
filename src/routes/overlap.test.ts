import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { overlaps } from './overlap.ts'
import { matchesWildcard } from './table.ts'

const share = (one: string, other: string): boolean =>
  overlaps({ host: one, port: 1 }, { host: other, port: 1 })

test('patterns overlap where some name belongs to both', () => {
  assert.ok(share('a*.example.com', '*b.example.com'))
  assert.ok(share('*.example.com', 'db.*'))
  assert.ok(share('db.example.com', '*.example.com'))
  assert.ok(share('*', '*'))
  assert.ok(!share('a.example.com', 'b.example.com'))
  assert.ok(!share('a*.example.com', 'b*.example.com'))
  assert.ok(!share('*.example.com', '.example.com'))
  assert.ok(!share('a*', 'a'))
})

test('ports overlap where they are the same, or where one is any', () => {
  const at = (port?: number) => ({ host: 'a', port })
  assert.ok(overlaps(at(1), at()))
  assert.ok(!overlaps(at(1), at(2)))
})

test('two patterns overlap just where a short text says so', () => {
  const pattern = fc.stringMatching(/^[ab*]{0,4}$/)
  const texts = ['']
  for (let length = 1; length <= 8; length += 1)
    for (const text of texts.filter((it) => it.length === length - 1))
      texts.push(`${text}a`, `${text}b`)
  fc.assert(
    fc.property(pattern, pattern, (one, other) => {
      const found = texts.some((text) => matchesWildcard(one, text) && matchesWildcard(other, text))
      // Runs of stars are one in the table.
      const plain = (text: string): string => text.replaceAll(/\*+/g, '*')
      assert.equal(share(plain(one), plain(other)), found)
    }),
  )
})
