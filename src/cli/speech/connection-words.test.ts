import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConnectionEvent } from '../../client/serve/forward.ts'
import { CutError, LostError } from '../../client/ways/ended.ts'
import { UpstreamError } from '../../errors.ts'
import { cutReason } from '../../tunnel/cut.ts'
import { connectionWords } from './connection-words.ts'
import { createVoice } from './voice.ts'

const connection = {
  id: 1,
  peer: '127.0.0.1:5',
  authority: 'db:5432',
  bytes: { up: 3, down: 4 },
}
const ended = { cause: 'client-closed', bytesUp: 3, bytesDown: 4 } as const

/** The lines said of events, as a script reads them, without what every line has. */
function said(events: readonly ConnectionEvent[], level: 'info' | 'warn' = 'info'): object[] {
  const lines: string[] = []
  const voice = createVoice({
    format: 'json',
    level,
    component: { human: 'tcptunnel', json: 'tunnel' },
    write: (text) => void lines.push(text),
    useColour: false,
    now: () => 0,
  })
  const words = connectionWords(voice)
  for (const event of events) words.report(event)
  words.flush()
  return lines.map((line) => {
    const {
      component: _component,
      time: _time,
      ...rest
    } = JSON.parse(line) as Partial<Record<string, unknown>>
    return rest
  })
}

const fields = { peer: '127.0.0.1:5', destination: 'db:5432' }

test('a connection that comes and goes is two lines, the second with its bytes', () => {
  assert.deepEqual(
    said([
      { connection, kind: 'began' },
      { connection, kind: 'connected' },
      { connection, kind: 'ended', ended },
    ]),
    [
      { level: 'info', ...fields, message: 'connected 127.0.0.1:5' },
      {
        level: 'info',
        ...fields,
        bytesUp: 3,
        bytesDown: 4,
        message: 'disconnected 127.0.0.1:5',
      },
    ],
  )
})

test('one that got no tunnel, or lost it, is an error; one that the gateway cut is a warning', () => {
  const refused = new UpstreamError('gateway-unreachable', 'nobody there', { hint: 'look' })
  const cut = new CutError(cutReason('policy-changed', 'r1'), 'db:5432')
  const lost = new LostError({ ...ended, cause: 'upstream-reset' }, 'db:5432')
  const lines = said([
    { connection, kind: 'failed', error: refused },
    { connection, kind: 'failed', error: new TypeError('of ours') },
    { connection, kind: 'ended', ended, error: cut },
    { connection, kind: 'ended', ended, error: lost },
  ]) as { level: string; code?: string; message: string }[]
  assert.deepEqual(
    lines.map(({ level, code, message }) => [level, code, message]),
    [
      ['error', 'gateway-unreachable', 'nobody there'],
      ['error', undefined, 'internal error: of ours'],
      ['warn', 'tunnel-cut', cut.message],
      ['error', 'tunnel-lost', lost.message],
    ],
  )
})

test('another user is refused with a warning, and who left is no failure', () => {
  assert.deepEqual(
    said([
      { connection, kind: 'refused', why: 'its program runs as another user (uid 7)' },
      { connection, kind: 'given-up', why: 'left' },
      { connection, kind: 'given-up', why: 'closed' },
    ]),
    [
      {
        level: 'warn',
        ...fields,
        code: 'other-user',
        message: 'refused 127.0.0.1:5: its program runs as another user (uid 7)',
      },
      {
        level: 'info',
        ...fields,
        message: '127.0.0.1:5 left before its tunnel was open',
      },
    ],
  )
})

test('failures of one kind are counted after the first five', () => {
  const error = new UpstreamError('gateway-unreachable', 'nobody there')
  const lines = said(Array.from({ length: 9 }, () => ({ connection, kind: 'failed', error })))
  assert.equal(lines.length, 6)
  const last = lines.at(-1) as { message: string; failures: number }
  assert.deepEqual([last.message, last.failures], ['4 more connections failed: nobody there', 4])
})
