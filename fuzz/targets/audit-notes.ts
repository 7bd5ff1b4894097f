import assert from 'node:assert/strict'

import {
  formatCheckpoint,
  formatDropped,
  parseCheckpoint,
  parseDropped,
} from '../../src/telemetry/audit/checkpoint.ts'
import {
  formatVerifierKey,
  judgeNote,
  parseNote,
  parseVerifierKey,
} from '../../src/telemetry/audit/signed-note.ts'
import { parseEntry } from '../../src/telemetry/audit/read-audit.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: 'signed notes, checkpoints and keys beside audit files',
  covers: ['telemetry/audit/signed-note.ts', 'telemetry/audit/checkpoint.ts'],
  tokens: [
    'postern audit checkpoint v1\ng/audit\n2026-01-01T00:00:00.000Z\n',
    'postern audit dropped v1\n',
    '\n\n— name ',
    'people 1 ',
    '0'.repeat(64),
    '\u0085',
    '+00000000+',
  ],
  run(input) {
    const text = input.toString('utf8')
    const note = parseNote(text)
    if (note !== undefined) {
      assert.ok(note.signatures.length > 0 && note.signatures.length <= 16)
      // Nothing of a note is beside its text and its signatures.
      const lines = note.signatures.map(
        ({ name, keyId, bytes }) =>
          `— ${name} ${Buffer.concat([Buffer.from(keyId, 'hex'), bytes]).toString('base64')}\n`,
      )
      assert.equal(`${note.text}\n${lines.join('')}`, text)
      assert.equal(judgeNote(note, []), 'unknown-key')
    }
    const said = note?.text ?? text
    const checkpoint = parseCheckpoint(said)
    if (checkpoint !== undefined) assert.equal(formatCheckpoint(checkpoint), said)
    const dropped = parseDropped(said)
    if (dropped !== undefined)
      assert.equal(
        formatDropped(dropped).split('\n').slice(0, 4).join('\n'),
        said.split('\n').slice(0, 4).join('\n'),
      )
    const key = parseVerifierKey(text)
    if (key !== undefined) assert.equal(formatVerifierKey(key), text)
    assert.ok(checkpoint === undefined || dropped === undefined)
    const entry = parseEntry(text)
    return [note, checkpoint, dropped, key, entry]
      .map((it) => (it === undefined ? '-' : '+'))
      .join('')
  },
}
