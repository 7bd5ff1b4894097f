import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cleanCell, cleanLine, cleanText, escapeJson, printable } from './terminal-text.ts'

/** What each character would do to a terminal, or to the eye. */
const hostile: Readonly<Record<string, string>> = {
  'an escape sequence': '\u001B[2J',
  'a clipboard write (OSC 52)': '\u001B]52;c;cm0gLXJm\u0007',
  'a control sequence of one byte (C1)': '\u009B31m',
  'a backspace': 'root\b\b\b\bguest',
  DEL: '\u007F',
  NUL: '\0',
  'a carriage return': 'bad\rgood',
  'a row of its own': 'alice\nmallory',
  'a column of its own': 'alice\tmallory',
  'a line separator': 'a\u2028b\u2029c\u0085d',
  'a turn of direction': '\u202Egpj.exe',
  'an isolate': '\u2066x\u2069',
  'nothing to see': 'ad\u200Bmin\uFEFF',
  'a tag': '\u{E0041}',
  'half a pair': 'x\uD83D',
}

const leftOver = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

describe('text of others', () => {
  for (const [what, text] of Object.entries(hostile)) {
    test(`${what} reaches no terminal`, () => {
      for (const clean of [printable, cleanLine, cleanCell])
        assert.doesNotMatch(clean(text), leftOver)
      assert.doesNotMatch(cleanText(text).replaceAll('\n', ''), leftOver)
    })

    test(`${what} is the same value in JSON, and harmless there`, () => {
      const json = escapeJson(JSON.stringify({ text }))
      assert.doesNotMatch(json, leftOver)
      assert.deepEqual(JSON.parse(json), { text })
    })
  }

  test('what it was can be read', () => {
    assert.equal(cleanLine('a\u001B[2J\nb\u{E0041}'), 'a\\u001b[2J\\nb\\udb40\\udc41')
  })

  test('letters of every script, accents and pictures stay', () => {
    const text = 'Zoë Łukasz 山田 أحمد 😀 “quoted” — ½'
    for (const clean of [printable, cleanLine, cleanCell, cleanText])
      assert.equal(clean(text), text)
  })

  test('a cell cannot pass for two: no blanks stand side by side in it', () => {
    assert.equal(cleanCell('mallory  2026-01-01\u00A0\u3000admin'), 'mallory 2026-01-01 admin')
  })

  test('it is bounded, and never cut through a character', () => {
    const long = `${'x'.repeat(499)}😀${'y'.repeat(5_000)}`
    assert.equal(printable(long), 'x'.repeat(499))
    assert.equal(cleanCell(long), `${'x'.repeat(499)}…`)
    assert.equal(cleanLine(long).length, 2_001)
  })

  test('JSON that spans lines stays so', () => {
    const json = JSON.stringify({ a: ['\u2028'] }, undefined, 2)
    assert.equal(escapeJson(json), '{\n  "a": [\n    "\\u2028"\n  ]\n}')
  })
})
