import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shortcutName } from './shortcut-name.ts'

const names: readonly (readonly [name: string, file: string])[] = [
  ['Orders database', 'Orders database'],
  ['../../.bashrc', '-..-.bashrc'],
  ['/etc/passwd', '-etc-passwd'],
  ['..', 'id'],
  ['.hidden', 'hidden'],
  ['   ', 'id'],
  ['\u0000\n\u001B', 'id'],
  ['db\u202Efdp.exe', 'dbfdp.exe'],
  ['a\\b:c*d?e"f<g>h|i', 'a-b-c-d-e-f-g-h-i'],
  ['NUL', '_NUL'],
  ['com1.txt', '_com1.txt'],
  ['console', 'console'],
  ['ends. . ', 'ends'],
  ['Zürich\u00A0·\u3000東京', 'Zürich · 東京'],
  ['é'.repeat(200), 'é'.repeat(60)],
]

for (const [name, file] of names) {
  test(`a connection ${JSON.stringify(name).slice(0, 30)} is a file of its own folder`, () => {
    assert.equal(shortcutName(name, 'id'), file)
  })
}
