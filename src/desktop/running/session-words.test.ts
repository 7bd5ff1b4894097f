import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessError } from '../../errors.ts'
import type { SessionNews } from '../gateways/session-watch.ts'
import { wordsOfSession } from './session-words.ts'

test('what becomes of a session is said with its gateway, and what to do', () => {
  const nowMs = 1_000_000
  const say = (news: SessionNews) => wordsOfSession(news, 'https://gw.example.com', nowMs)
  const { level, message, hint } = say({ kind: 'ending', leftMs: 5 * 60_000 })
  assert.deepEqual(
    [level, message],
    ['warn', 'the session at "https://gw.example.com" ends in 5 minutes'],
  )
  assert.match(hint ?? '', /"postern login --renew"/)
  const formerEndMs = nowMs + 20 * 60_000
  const replaced = say({ kind: 'renewed', outcome: 'replaced', formerEndMs })
  assert.equal(replaced.level, 'warn')
  assert.match(replaced.hint ?? '', /the former one, which ends in 20 minutes$/)
  const error = new AccessError('sign-in-timeout', 'nobody signed in within 5 minutes')
  assert.match(
    say({ kind: 'failed', error, isTriedAgain: false }).message,
    /was not renewed: nobody signed in within 5 minutes$/,
  )
  for (const outcome of ['prolonged', 'elsewhere'] as const)
    assert.equal(say({ kind: 'renewed', outcome, formerEndMs }).level, 'info')
  assert.equal(say({ kind: 'renewed', outcome: 'unchanged', formerEndMs }).level, 'warn')
})
