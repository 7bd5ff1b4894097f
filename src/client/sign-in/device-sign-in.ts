import { hostname } from 'node:os'
import { setTimeout as waitTimers } from 'node:timers/promises'
import { AccessError, UpstreamError } from '../../errors.ts'
import type { DeviceCodeAnswer } from '../../tunnel/device.ts'
import type { BegunSignIns } from './begun-sign-in.ts'
import type { DeviceApi, DevicePollAnswer } from './device-api.ts'

export interface DeviceSignInOptions {
  readonly api: DeviceApi
  /** What the person runs, as the page that approves it shows it. Never with a secret. */
  readonly command: string
  /** Shows the code to the person; called once a sign-in. */
  readonly present: (code: DeviceCodeAnswer) => void
  /** Where one that was begun is kept for whoever comes next. */
  readonly begun: BegunSignIns
  readonly signal: AbortSignal
  /** Waits for milliseconds; rejects when the signal aborts. **Default:** a timer */
  readonly wait?: (delayMs: number, signal: AbortSignal) => Promise<unknown>
}

/** RFC 8628 §3.5: how much longer to wait after each `slow_down`, in milliseconds. */
const slowDownMs = 5000
/**
 * A gateway that cannot be reached is asked less and less often, down to this, in milliseconds.
 *
 * @limit none: how often a gateway that is down is asked again
 */
const maxIntervalMs = 30_000

/**
 * Signs a person in who approves a code in a browser elsewhere, and resolves to the token. A gateway
 * that is gone for a while, as at a restart, is asked again until the code is too old.
 *
 * @throws AccessError `sign-in-failed`, `sign-in-timeout` or `sign-in-cancelled`; UpstreamError
 */
export async function signInByDevice(options: DeviceSignInOptions): Promise<string> {
  const { api, command, present, begun, signal, wait = defaultWait } = options
  try {
    const code = (await resume(begun)) ?? (await begin(api, command, begun, signal))
    present(code)
    const waitFor = (delayMs: number): Promise<unknown> => wait(delayMs, signal)
    try {
      return await pollForToken(api, code, waitFor, signal)
    } finally {
      // Given up, and not over: the next one who wants to sign in goes on with it.
      if (!signal.aborted) await begun.forget()
    }
  } catch (error) {
    throw signal.aborted ? new AccessError('sign-in-cancelled', 'the sign-in was given up') : error
  }
}

async function begin(
  api: DeviceApi,
  command: string,
  begun: BegunSignIns,
  signal: AbortSignal,
): Promise<DeviceCodeAnswer> {
  const device = await api.begin({ host: hostname(), command }, signal)
  await begun.keep({ url: device.verificationUriComplete, begunAtMs: Date.now(), device })
  return device
}

/** The code that is shown already, with the time that is left of it. */
async function resume(begun: BegunSignIns): Promise<DeviceCodeAnswer | undefined> {
  const { device, begunAtMs = 0 } = (await begun.read()) ?? {}
  if (device === undefined) return undefined
  const ageSeconds = Math.round((Date.now() - begunAtMs) / 1000)
  const expiresInSeconds = device.expiresInSeconds - ageSeconds
  return expiresInSeconds > 0 ? { ...device, expiresInSeconds } : undefined
}

async function pollForToken(
  api: DeviceApi,
  code: DeviceCodeAnswer,
  wait: (delayMs: number) => Promise<unknown>,
  signal: AbortSignal,
): Promise<string> {
  let intervalMs = code.intervalSeconds * 1000
  let waitMs = intervalMs
  let waitedMs = 0
  while (waitedMs < code.expiresInSeconds * 1000) {
    await wait(waitMs)
    waitedMs += waitMs
    const answer = await pollOnce(api, code, signal)
    if (answer.kind === 'unavailable') {
      // RFC 8628 §3.5 recommends an exponential backoff for a connection timeout.
      waitMs = Math.min(waitMs * 2, maxIntervalMs)
      continue
    }
    if (answer.kind === 'token') return answer.token
    if (answer.kind === 'denied') throw answer.why
    if (answer.kind === 'expired') throw codeIsOver()
    if (answer.kind === 'slowDown') intervalMs += slowDownMs
    waitMs = intervalMs
  }
  throw tooLate(code)
}

/** A gateway that cannot be reached is one that is unavailable. */
async function pollOnce(
  api: DeviceApi,
  { deviceCode }: DeviceCodeAnswer,
  signal: AbortSignal,
): Promise<DevicePollAnswer> {
  try {
    return await api.poll(deviceCode, signal)
  } catch (error) {
    const isGone = error instanceof UpstreamError && error.code === 'gateway-unreachable'
    if (isGone && !signal.aborted) return { kind: 'unavailable' }
    throw error
  }
}

function defaultWait(delayMs: number, signal: AbortSignal): Promise<unknown> {
  return waitTimers(delayMs, undefined, { signal })
}

/** Not only by its age: a gateway gives the token once, and its answer may get lost on the way. */
function codeIsOver(): AccessError {
  return new AccessError('sign-in-timeout', 'the gateway no longer accepts the code', {
    hint: 'it ran out, or was used and the answer was lost on the way: try again to get a new code',
  })
}

function tooLate({ expiresInSeconds }: DeviceCodeAnswer): AccessError {
  const minutes = Math.round(expiresInSeconds / 60)
  return new AccessError('sign-in-timeout', `nobody approved the code within ${minutes} minutes`, {
    hint: 'try again to get a new code',
  })
}
