import { addressKey } from '../address.ts'
import type { Clock } from '../clock.ts'
import { AccessError } from '../errors.ts'
import type { LimitReports } from './limit-reports.ts'
import { createRateLimit, LimitedError } from './rate-limit.ts'

/**
 * Holds those who sign in at one address to what an office behind it needs. Nothing is kept for a
 * sign-in at the provider, so what these bounds save are log lines, CPU and questions to the provider.
 */
export interface SignInLimits {
  /** Throws `LimitedError` `too-many-sign-ins`. */
  begin(address: string): void
  /**
   * Runs what a callback asks for. Throws `LimitedError` instead: `too-many-failed-sign-ins` when too
   * many of this address have failed, `too-many-sign-ins` when too many are being asked about.
   */
  finish<T>(address: string, ask: () => Promise<T>): Promise<T>
}

const windowMs = 60_000
/** @limit sign-ins begun from one address in a minute: 429 `too_many_sign_ins` */
const maxBegunPerMinute = 1200
/**
 * @limit sign-ins of one address that fail at the provider in a minute: 429
 * `too_many_failed_sign_ins`, and it is not asked
 */
const maxFailedPerMinute = 300
/**
 * They take no question to the provider, so they are refused alone, and other callbacks still count.
 *
 * @limit callbacks from one address in a minute that belong to no sign-in: 429
 * `too_many_failed_sign_ins`, without a log line each
 */
const maxMadeUpPerMinute = 60
/** @limit sign-ins of one address that the provider is being asked about: 429 */
const maxAskingPerAddress = 64
/** @limit sign-ins that the provider is being asked about in all: 429 */
const maxAsking = 512
/** @limit none: addresses whose sign-ins are counted; the oldest is forgotten */
const maxAddresses = 10_000
const busySeconds = 2

/** What is wrong with a callback itself, whatever the provider would say. */
const madeUp = new Set(['sign-in-state-mismatch', 'sign-in-expired', 'sign-in-used'])

export function createSignInLimits(clock: Clock, reports: LimitReports): SignInLimits {
  const limit = (maxEvents: number) =>
    createRateLimit({ maxEvents, windowMs, maxKeys: maxAddresses, clock })
  const [begun, failed, invented] = [
    limit(maxBegunPerMinute),
    limit(maxFailedPerMinute),
    limit(maxMadeUpPerMinute),
  ]
  const asking = createAsking()
  const refuse = (error: LimitedError, address: string): never => {
    throw reports.reported(error, address)
  }
  return {
    begin(address) {
      const key = addressKey(address)
      if (begun.isReached(key)) refuse(tooManySignIns(begun.retryAfterSeconds(key)), address)
      begun.count(key)
    },
    async finish(address, ask) {
      const key = addressKey(address)
      if (failed.isReached(key)) refuse(tooManyFailures(failed.retryAfterSeconds(key)), address)
      if (asking.isFull(key)) refuse(tooManySignIns(busySeconds), address)
      using _ = asking.begin(key)
      try {
        return await ask()
      } catch (error) {
        // A provider that is down is nobody's doing here.
        if (!(error instanceof AccessError) || error.code === 'provider-unavailable') throw error
        const limited = madeUp.has(error.code) ? invented : failed
        if (limited === invented && invented.isReached(key))
          refuse(tooManyFailures(invented.retryAfterSeconds(key)), address)
        limited.count(key)
        throw error
      }
    },
  }
}

/** How many are being asked about, by address; one entry for each address that has any. */
function createAsking(): { isFull(key: string): boolean; begin(key: string): Disposable } {
  const counts = new Map<string, number>()
  let total = 0
  const add = (key: string, by: 1 | -1): void => {
    total += by
    const count = (counts.get(key) ?? 0) + by
    if (count === 0) counts.delete(key)
    else counts.set(key, count)
  }
  return {
    isFull: (key) => total >= maxAsking || (counts.get(key) ?? 0) >= maxAskingPerAddress,
    begin(key) {
      add(key, 1)
      return { [Symbol.dispose]: () => add(key, -1) }
    },
  }
}

function tooManySignIns(retryAfterSeconds: number): LimitedError {
  return new LimitedError(
    'too-many-sign-ins',
    'too many people sign in from this address now',
    'try again in a minute; who is signed in stays so',
    retryAfterSeconds,
  )
}

function tooManyFailures(retryAfterSeconds: number): LimitedError {
  return new LimitedError(
    'too-many-failed-sign-ins',
    'too many sign-ins from this address fail now',
    'try again in a minute; whoever runs this gateway finds in its log why they fail',
    retryAfterSeconds,
  )
}
