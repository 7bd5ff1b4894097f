import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fitHelp } from './fit-help.ts'

const page = `Usage: postern gateway keys rotate [options] [which]

Options:
  -c, --config <file>  the configuration file (default: postern.yaml here)
  --json               print the result as JSON on stdout

Examples:
  # what it is good for, in a sentence that is longer than a narrow terminal
  postern gateway keys rotate -c postern.yaml connector-grant

What a rotation means:
  connector-grant  signs what connectors verify before they dial; they take it
                   over by the word of the former one
  After 7 something else is true, which is a sentence by itself.
`

describe('a help page', () => {
  test('stays as it is where it fits', () => {
    assert.equal(fitHelp(page, 80), page)
  })

  test('is wrapped between words, each text beside what it is about', () => {
    assert.equal(
      fitHelp(page, 50),
      `Usage: postern gateway keys rotate [options]
[which]

Options:
  -c, --config <file>  the configuration file
                       (default: postern.yaml
                       here)
  --json               print the result as JSON on
                       stdout

Examples:
  # what it is good for, in a sentence that is
  # longer than a narrow terminal
  postern gateway keys rotate -c postern.yaml connector-grant

What a rotation means:
  connector-grant  signs what connectors verify
                   before they dial; they take it
                   over by the word of the former
                   one
  After 7 something else is true, which is a
  sentence by itself.
`,
    )
  })

  test('has texts beneath what they are about where nothing fits beside it', () => {
    const lines = fitHelp(page, 30).split('\n')
    assert.deepEqual(lines.slice(3, 8), [
      'Options:',
      '  -c, --config <file>',
      '      the configuration file',
      '      (default: postern.yaml',
      '      here)',
    ])
    const wide = lines.filter((line) => line.length > 30)
    assert.deepEqual(wide, ['  postern gateway keys rotate -c postern.yaml connector-grant'])
  })

  test('keeps a word that is wider than the terminal whole', () => {
    assert.equal(
      fitHelp('see https://gateway.example.com/', 10),
      'see\nhttps://gateway.example.com/',
    )
  })
})
