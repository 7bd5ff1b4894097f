import assert from 'node:assert/strict'

import { ConfigError } from '../../src/errors.ts'
import { parseYaml, parseYamlInTurns } from '../../src/yaml-text.ts'
import { attempt, attemptLater } from '../own-errors.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: 'YAML and JSON texts, of files and of whoever may edit policies and routes',
  covers: [
    'yaml-text.ts',
    'yaml-faults.ts',
    'yaml-layout-faults.ts',
    'yaml-nodes.ts',
    'yaml-lines.ts',
    'yaml-fault-words.ts',
  ],
  maxBytes: 6_144,
  tokens: [
    'a: 1\n',
    '- ',
    '  ',
    '&a ',
    '*a',
    '<<: ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '|\n',
    '>-\n',
    '# ',
    '---\n',
    '...\n',
    '? ',
    '!!str ',
    '%YAML 1.1\n',
    '\t',
    '\ufeff',
    '~',
    '__proto__: ',
    '0x1f',
    '.inf',
  ],
  async run(input) {
    const text = input.toString('utf8')
    const once = attempt(() => parseYaml('file', text), ConfigError)
    const inTurns = await attemptLater(() => parseYamlInTurns('file', text), ConfigError)
    assert.equal(inTurns.code, once.code)
    const json = attempt((): unknown => JSON.parse(text), SyntaxError)
    if (once.value === undefined) {
      const problems = problemsOf(text)
      assert.ok(problems.length > 0)
      for (const { line, column } of problems)
        assert.ok(
          (line ?? 1) >= 1 && (column ?? 1) >= 1 && (line ?? 1) <= text.split('\n').length + 1,
        )
      return `fault ${json.code === undefined ? 'JSON' : ''}`
    }
    assert.deepEqual(inTurns.value?.value, once.value.value)
    const { line = 1 } = once.value.problem(['a', 0, 'b'], 'is at fault')
    assert.ok(line >= 1 && line <= text.split('\n').length + 1)
    // YAML 1.2 has JSON in it: who writes JSON means what JSON says.
    if (json.code === undefined && !/__proto__/.test(text))
      assert.deepEqual(plain(once.value.value), plain(json.value))
    return `${typeof once.value.value} ${json.code === undefined ? 'JSON' : ''}`
  },
}

function problemsOf(text: string): ConfigError['problems'] {
  try {
    parseYaml('file', text)
    return []
  } catch (error) {
    return (error as ConfigError).problems
  }
}

/** An empty text and null are told apart by neither of whoever asks. */
function plain(value: unknown): unknown {
  return value === undefined ? null : structuredClone(value)
}
