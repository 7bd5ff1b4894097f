import assert from 'node:assert/strict'

import { readAccessText } from '../../src/catalog/read-access-text.ts'
import { ConfigError } from '../../src/errors.ts'
import { attemptLater } from '../own-errors.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: 'routes and policies that "postern apply" sends',
  covers: ['catalog/read-access-text.ts', 'catalog/document-form.ts', 'catalog/new-id.ts'],
  tokens: [
    'routes:\n  - id: a\n    from: tcp+https://a.example.com:22\n    to: tcp://10.0.0.1:22\n',
    'policies:\n  - id: p\n    name: p\n    policy: []\n',
    'id: ',
    'name: ',
    '&a ',
    '*a',
    '<<: *a',
    '[]',
    '{}',
    'null',
  ],
  async run(input) {
    const { value, code } = await attemptLater(
      () => readAccessText('file', input.toString('utf8')),
      ConfigError,
    )
    if (value === undefined) return code ?? ''
    const ids = value.proposals.map(({ kind, id }) => `${kind} ${id}`)
    assert.equal(new Set(ids).size, ids.length, 'an id is there twice')
    assert.ok(value.proposals.every(({ kind }) => value.kinds.has(kind)))
    return `${ids.length > 0 ? 'some' : 'empty'} ${value.warnings.length > 0 ? 'warnings' : ''}`
  },
}
