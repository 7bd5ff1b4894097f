import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessError, UpstreamError } from '../../errors.ts'
import type { DeviceCodeAnswer } from '../../tunnel/device.ts'
import type { DevicePollAnswer } from './device-api.ts'
import { signInByDevice } from './device-sign-in.ts'

const code: DeviceCodeAnswer = {
  deviceCode: 'a-secret-of-sufficient-length',
  userCode: 'BCDF-GHJK',
  verificationUri: 'https://gw.example/.postern/device',
  verificationUriComplete: 'https://gw.example/.postern/device?code=BCDF-GHJK',
  expiresInSeconds: 600,
  intervalSeconds: 5,
}

const noop = () => Promise.resolve()

type Step = DevicePollAnswer['kind'] | Error

const why = new AccessError('sign-in-failed', 'the sign-in was denied in the browser')

/** Polls through these answers, the last one for ever; tells how long it waited before each. */
async function run(
  steps: readonly Step[],
  abortAfter = Infinity,
): Promise<{ token: string | undefined; error: unknown; waitsMs: number[]; shown: number }> {
  const waitsMs: number[] = []
  const stopping = new AbortController()
  let [shown, polls] = [0, 0]
  const poll = (): Promise<DevicePollAnswer> => {
    const step = steps[Math.min(polls, steps.length - 1)] ?? 'pending'
    polls += 1
    if (step instanceof Error) return Promise.reject(step)
    if (step === 'token') return Promise.resolve({ kind: 'token', token: 'aa.bb.cc' })
    return Promise.resolve(step === 'denied' ? { kind: step, why } : { kind: step })
  }
  try {
    const token = await signInByDevice({
      api: { begin: () => Promise.resolve(code), poll },
      command: 'postern login --device',
      begun: { read: () => Promise.resolve(undefined), keep: noop, forget: noop },
      present: () => (shown += 1),
      signal: stopping.signal,
      wait(delayMs) {
        waitsMs.push(delayMs)
        if (waitsMs.length <= abortAfter) return Promise.resolve()
        stopping.abort()
        return Promise.reject(new Error('aborted'))
      },
    })
    return { token, error: undefined, waitsMs, shown }
  } catch (error) {
    return { token: undefined, error, waitsMs, shown }
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : error

test('the code is shown once, and the token comes once it is approved', async () => {
  const { token, waitsMs, shown } = await run(['pending', 'pending', 'token'])
  assert.deepEqual([token, shown, waitsMs], ['aa.bb.cc', 1, [5000, 5000, 5000]])
})

test('each slow_down makes every later wait 5 seconds longer', async () => {
  const { waitsMs } = await run(['slowDown', 'pending', 'slowDown', 'token'])
  assert.deepEqual(waitsMs, [5000, 10_000, 10_000, 15_000])
})

test('a gateway that is gone for a while is asked again, less and less often', async () => {
  const gone = new UpstreamError('gateway-unreachable', 'the gateway gave no answer')
  const { token, waitsMs } = await run([gone, 'unavailable', gone, gone, 'pending', 'token'])
  assert.equal(token, 'aa.bb.cc')
  assert.deepEqual(waitsMs, [5000, 10_000, 20_000, 30_000, 30_000, 5000])
})

test('a gateway whose certificate is not trusted any more is not asked again', async () => {
  const { error, waitsMs } = await run([new UpstreamError('gateway-not-trusted', 'no')])
  assert.deepEqual([codeOf(error), waitsMs.length], ['gateway-not-trusted', 1])
})

test('a denial, an old code and a cancelled wait each have their own end', async () => {
  const denied = await run(['pending', 'denied'])
  assert.deepEqual([codeOf(denied.error), denied.waitsMs.length], ['sign-in-failed', 2])
  assert.match(String(denied.error), /denied in the browser/)
  const expired = await run(['expired'])
  assert.equal(codeOf(expired.error), 'sign-in-timeout')
  // After seconds: nobody may be told that they let ten minutes pass.
  assert.match(String(expired.error), /no longer accepts the code/)
  assert.equal(codeOf((await run(['pending'], 3)).error), 'sign-in-cancelled')
})

test('nobody waits longer than the code lives, whatever the gateway says', async () => {
  const { error, waitsMs } = await run(['pending'])
  assert.deepEqual([codeOf(error), waitsMs.length], ['sign-in-timeout', 120])
  assert.match(String(error), /within 10 minutes/)
})
