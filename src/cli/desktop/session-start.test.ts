import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whenItStarts } from './session-start.ts'

test('what is said of the start is what happens: Windows begins nothing before the next session', () => {
  assert.equal(whenItStarts({ kind: 'windows', line: '' }), 'with each session')
  const agent = { kind: 'launchd', label: '', path: '' } as const
  assert.equal(whenItStarts(agent), 'now and with each session')
})
