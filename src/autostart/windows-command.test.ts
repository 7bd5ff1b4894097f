import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostileWindowsPath, isGolden, upArgs } from './golden.fixture.ts'
import { commandScript, quoteWindowsArgument, windowlessCommand } from './windows-command.ts'
import { isOwnText } from './written-by.ts'

test('an argument of Windows is itself, whatever is in it', () => {
  assert.equal(
    quoteWindowsArgument(String.raw`C:\Windows\node.exe`),
    String.raw`C:\Windows\node.exe`,
  )
  assert.equal(quoteWindowsArgument(String.raw`C:\a b`), String.raw`"C:\a b"`)
  assert.equal(quoteWindowsArgument('C:\\a b\\'), String.raw`"C:\a b\\"`)
  assert.equal(quoteWindowsArgument('say "hi"'), String.raw`"say \"hi\""`)
  assert.equal(quoteWindowsArgument(String.raw`a\"b`), String.raw`"a\\\"b"`)
  assert.equal(quoteWindowsArgument('a&b'), '"a&b"')
  assert.equal(quoteWindowsArgument(''), '""')
})

test('what starts with a session of Windows is the line that was agreed', () => {
  const program = [String.raw`C:\Program Files\nodejs\node.exe`, String.raw`C:\npm\postern.js`]
  const line = windowlessCommand(String.raw`C:\Windows`, [...program, ...upArgs])
  isGolden('run-value.txt', `${line}\n`)
})

test('a script of Windows is the text that was agreed, and its paths are themselves', () => {
  const script = commandScript(String.raw`C:\Windows`, [hostileWindowsPath, 'up', 'db-1'], 'db-1')
  isGolden('shortcut.cmd', script)
  assert.ok(isOwnText(script, 'db-1'))
  assert.ok(!isOwnText(script, 'db'))
})
