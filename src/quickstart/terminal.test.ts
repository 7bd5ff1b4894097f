import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SystemError } from '../errors.ts'
import { createTerminal } from './terminal.ts'
import type { Screen } from './terminal.ts'

function collect(options: Partial<Screen> = {}) {
  const seen = { text: '', errors: '' }
  const terminal = createTerminal({
    write: (text) => (seen.text += text),
    writeError: (text) => (seen.errors += text),
    isTerminal: false,
    useColour: false,
    ...options,
  })
  return { seen, terminal }
}

test('without a terminal there is neither colour nor progress', () => {
  const { seen, terminal } = collect()
  terminal.progress('working')
  terminal.done('a step')
  terminal.detail('more')
  terminal.section('Title')
  terminal.command('ls')
  assert.equal(seen.text, '  ✓ a step\n    more\n\nTitle\n\n    ls\n')
})

test('on a terminal progress is replaced by what comes next', () => {
  const { seen, terminal } = collect({ isTerminal: true })
  terminal.progress('working')
  terminal.progress('still working')
  terminal.done('a step')
  assert.equal(seen.text, '  … working\r\u001B[K  … still working\r\u001B[K  ✓ a step\n')
})

test('progress stays on one row of a narrow terminal, which is all that is erased', () => {
  const { seen, terminal } = collect({ isTerminal: true, columns: () => 12 })
  terminal.progress('signing somebody in')
  assert.equal(seen.text, '  … signing')
  terminal.done('a step')
  assert.equal(seen.text, '  … signing\r\u001B[K  ✓ a step\n')
})

test('a command is coloured as a whole and otherwise untouched', () => {
  const { seen, terminal } = collect({ useColour: true })
  terminal.command('ls -l')
  assert.equal(seen.text, '    \u001B[36mls -l\u001B[0m\n')
})

test('an error is one sentence on stderr, with its hints', () => {
  const { seen, terminal } = collect()
  terminal.fatal(
    new SystemError('x', 'port 1 is in use', { hint: 'choose another' }),
    'see the log',
  )
  assert.equal(
    seen.errors,
    'postern: error: port 1 is in use\n  hint: choose another\n  hint: see the log\n',
  )
  terminal.fatal(new TypeError('x is not a function'))
  assert.match(seen.errors, /error: internal error: x is not a function\n$/)
  assert.equal(seen.text, '')
})

test('what others wrote moves no cursor, and is one line each', () => {
  const { seen, terminal } = collect({ isTerminal: true })
  const hostile = 'no\u001B[2J\u009B1m\n  ✓ alice@example.com signed in'
  terminal.detail(hostile)
  terminal.done(hostile)
  terminal.line(hostile)
  terminal.fatal(new SystemError('x', hostile, { hint: hostile }))
  assert.doesNotMatch(`${seen.text}${seen.errors}`.replaceAll('\n', ''), /\p{Cc}/u)
  assert.equal(`${seen.text}${seen.errors}`.split('\n').length, 6)
})
