import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainText } from './plain-text.ts'

test('a text for a tool is short, one line, and obeyed by nothing', () => {
  assert.equal(plainText('a\u001b[2Jb\0c'), 'a?[2Jb?c')
  assert.equal(plainText('one\r\ntwo\tthree'), 'one two three')
  assert.equal(plainText('Büro 🗄'), 'B?ro ?')
  const long = plainText('x'.repeat(10_000))
  assert.equal(long.length, 300)
  assert.match(long, /x\.\.\.$/)
})
