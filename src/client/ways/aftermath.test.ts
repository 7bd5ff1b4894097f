import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { cutReason } from '../../tunnel/cut.ts'
import { followTunnel, type Aftermath, type CutAnswer } from './aftermath.ts'
import { endedError } from './ended.ts'

const reason = cutReason('session-revoked', 'r1')
const bytes = { bytesUp: 0, bytesDown: 0 }

/** A tunnel whose gateway answers as told, and how often it was asked. */
function follow(answer: () => Promise<CutAnswer>, hidesCuts = false) {
  const tunnel = new PassThrough({ allowHalfOpen: true })
  tunnel.on('error', () => undefined)
  const ending = new AbortController()
  let asked = 0
  const aftermath: Aftermath = {
    requestId: 'r1',
    hidesCuts,
    whyCut() {
      asked += 1
      return answer()
    },
  }
  const learn = followTunnel(tunnel, aftermath, ending.signal)
  return { tunnel, ending, learn, asked: () => asked }
}

test('the gateway is asked about an abort, and about nothing else', async () => {
  const { learn, asked } = follow(async () => reason)
  for (const cause of ['client-closed', 'upstream-closed', 'client-reset'] as const) {
    assert.deepEqual(await learn(cause), { requestId: 'r1' })
  }
  assert.equal(asked(), 0)
  assert.deepEqual(await learn('upstream-reset'), { requestId: 'r1', cut: reason })
})

test('where a cut looks like an end it is asked at that end, once, and the tunnel aborted', async () => {
  const { tunnel, learn, asked } = follow(async () => reason, true)
  tunnel.push(null)
  tunnel.resume()
  while (!tunnel.destroyed) await nextTurn()
  assert.match(String(tunnel.errored), /cut by the gateway: session-revoked/)
  assert.deepEqual(await learn('upstream-closed'), { requestId: 'r1', cut: reason })
  assert.equal(asked(), 1)
})

test('an end that was none of the gateway’s doing leaves the other direction alone', async () => {
  for (const answer of ['not-cut', undefined] as const) {
    const { tunnel, learn } = follow(async () => answer, true)
    tunnel.push(null)
    tunnel.resume()
    await nextTurn()
    const fate = await learn('upstream-closed')
    assert.equal(tunnel.destroyed, false)
    assert.equal(endedError({ cause: 'upstream-closed', ...bytes, ...fate }, 'a:1'), undefined)
  }
})

test('nobody to ask is told as a loss, and who gives up is told nothing', async () => {
  const unreachable = follow(() => Promise.reject(new Error('refused')), true)
  const fate = await unreachable.learn('upstream-closed')
  assert.deepEqual(fate, { requestId: 'r1', cut: 'no-answer' })
  const error = endedError({ cause: 'upstream-closed', ...bytes, ...fate }, 'a:1')
  assert.equal(error?.code, 'tunnel-lost')

  const leaving = follow(() => Promise.reject(new Error('cancelled')), true)
  leaving.ending.abort()
  assert.deepEqual(await leaving.learn('upstream-closed'), { requestId: 'r1' })
})

test('a cut names the route, the reason and the request', () => {
  const error = endedError({ cause: 'upstream-reset', ...bytes, cut: reason }, 'db.corp:5432')
  assert.equal(
    error?.message,
    'the gateway cut the tunnel to "db.corp:5432": the sign-in, or the credential of the service account, was ended',
  )
  assert.deepEqual(Object.fromEntries(Object.entries(error ?? {})), {
    name: 'CutError',
    code: 'tunnel-cut',
    hint: 'connect again; a person is asked to sign in',
    ended: 'session-revoked',
    reasons: [],
    requestId: 'r1',
  })
})
