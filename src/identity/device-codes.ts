import { hash, randomBytes, randomInt } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { AccessError, SystemError } from '../errors.ts'
import type { DeviceCodeRecord, DeviceCodeStore } from '../store/store.ts'
import { addressKey } from '../address.ts'
import { createRateLimit } from './device-limits.ts'

/** What a machine without a browser says of itself, cleaned and bounded by the caller. */
export interface DeviceRequest {
  readonly host: string
  readonly command: string
  /** As the gateway saw it. */
  readonly address: string
}

export interface BegunDeviceCode {
  /** 256 bits, base64url: whoever has it gets the session. Kept nowhere but with the machine. */
  readonly secret: string
  readonly record: DeviceCodeRecord
}

/** What a machine that waits is told; `signed-in` once. */
export type DevicePoll =
  | { readonly state: 'pending' | 'too-soon' | 'over' }
  /** `why` is one sentence when no person said no; it does not outlive this process. */
  | { readonly state: 'denied'; readonly why?: string | undefined }
  | { readonly state: 'signed-in'; readonly sessionId: string; readonly record: DeviceCodeRecord }

/** Who looks a code up. */
export interface DeviceCodeViewer {
  readonly userId: string
  readonly address: string
}

/**
 * Signs in machines without a browser (RFC 8628): the machine shows a short code, a person approves it
 * in a browser that is signed in, and the machine, which alone has the secret, takes a session of its
 * own.
 */
export interface DeviceCodes {
  /** Throws `AccessError` `too-many-device-codes`. */
  begin(request: DeviceRequest): Promise<BegunDeviceCode>
  /**
   * The code that somebody typed, as it stands. Throws `AccessError` `device-code-unknown`, which
   * counts as a guess, or `too-many-wrong-codes`.
   */
  find(userCode: string, viewer: DeviceCodeViewer): Promise<DeviceCodeRecord>
  /** Throws `AccessError` `device-code-over` when it is no longer this person's to approve. */
  approve(record: DeviceCodeRecord, userId: string): Promise<void>
  /**
   * `why` is what the machine is told when it was no person who said no. Throws `AccessError`
   * `device-code-over` when there is nothing left to deny.
   */
  deny(secretHash: string, why?: string): Promise<void>
  /** Hands a session over to the machine whose code this person approved; false when it is too late. */
  attach(
    secretHash: string,
    signedIn: { readonly userId: string; readonly sessionId: string },
  ): Promise<boolean>
  poll(secret: string): Promise<DevicePoll>
}

/** Consonants that no font mixes up (RFC 8628 §6.1): eight of them are 20^8, some 34 bits. */
const alphabet = 'BCDFGHJKLMNPQRSTVWXZ'
const userCodeLength = 8
const codeShape = new RegExp(`^[${alphabet}]{${userCodeLength}}$`)
const secretBytes = 32

/** @limit life of a machine's code: `expired_token`; ask for a new one */
export const deviceCodeLifeMs = 600_000
/** A machine that asks sooner than this after its last question is told to slow down. */
export const devicePollIntervalMs = 5000
/** Clocks and networks are not exact. */
const pollToleranceMs = 500

const windowMs = 600_000
/** @limit codes of machines from one address in 10 minutes: 429 */
const maxCodesPerAddress = 20
/** @limit codes of all machines in 10 minutes: 429 */
const maxCodesInTotal = 1000
/** @limit wrong codes of one person in 10 minutes: 429 */
const maxWrongCodesPerPerson = 10
/** @limit wrong codes from one address in 10 minutes: 429 */
const maxWrongCodesPerAddress = 50
/** @limit none: addresses whose guesses are counted; the oldest is forgotten */
const maxKeys = 10_000
/**
 * With a thousand codes among 20^8, a second collision in a row does not happen.
 *
 * @limit none: a collision of codes does not happen twice
 */
const maxDraws = 3

/** A code as it is kept, from however it was typed: `wdjb mjht`, `WDJB-MJHT`; undefined for others. */
export function parseUserCode(text: string): string | undefined {
  if (text.length > 64) return undefined
  const letters = text.toUpperCase().replaceAll(/[\s\p{Pd}]/gu, '')
  return codeShape.test(letters) ? letters : undefined
}

/** `WDJB-MJHT` */
export function formatUserCode(userCode: string): string {
  return `${userCode.slice(0, userCodeLength / 2)}-${userCode.slice(userCodeLength / 2)}`
}

export function createDeviceCodes(store: DeviceCodeStore, clock: Clock): DeviceCodes {
  const limit = (maxEvents: number) => createRateLimit({ maxEvents, windowMs, maxKeys, clock })
  const [fromAddress, inTotal] = [limit(maxCodesPerAddress), limit(maxCodesInTotal)]
  const [wrongByPerson, wrongFromAddress] = [
    limit(maxWrongCodesPerPerson),
    limit(maxWrongCodesPerAddress),
  ]
  const polls = createPollTimes(clock)
  const failures = createFailures()

  return {
    async begin({ host, command, address }) {
      const key = addressKey(address)
      if (fromAddress.isReached(key) || inTotal.isReached('')) throw tooManyCodes()
      fromAddress.count(key)
      inTotal.count('')
      const secret = randomBytes(secretBytes).toString('base64url')
      const nowMs = clock.now()
      const rest = { host, command, address, createdAtMs: nowMs, state: 'pending' as const }
      for (let draw = 0; draw < maxDraws; draw += 1) {
        const record: DeviceCodeRecord = {
          ...rest,
          secretHash: sha256(secret),
          userCode: drawUserCode(),
          expiresAtMs: nowMs + deviceCodeLifeMs,
          userId: undefined,
          sessionId: undefined,
        }
        if (await store.add(record)) return { secret, record }
      }
      throw new SystemError('device-code-not-made', 'no code is free for another machine')
    },
    async find(userCode, { userId, address }) {
      const key = addressKey(address)
      if (wrongByPerson.isReached(userId) || wrongFromAddress.isReached(key)) throw tooManyGuesses()
      const record = await store.findByUserCode(userCode, clock.now())
      if (record !== undefined) return record
      wrongByPerson.count(userId)
      wrongFromAddress.count(key)
      throw new AccessError(
        'device-code-unknown',
        'this code is wrong, used or older than 10 minutes',
        {
          hint: 'compare it with the one in the terminal, or ask for a new one there',
        },
      )
    },
    async approve({ secretHash }, userId) {
      if (!(await store.approve(secretHash, userId, clock.now()))) throw codeIsOver()
    },
    async deny(secretHash, why) {
      if (!(await store.deny(secretHash, clock.now()))) throw codeIsOver()
      if (why !== undefined) failures.keep(secretHash, why)
    },
    attach: (secretHash, signedIn) => store.attach(secretHash, signedIn, clock.now()),
    async poll(secret) {
      const secretHash = sha256(secret)
      const record = await store.findBySecretHash(secretHash, clock.now())
      if (record === undefined) return { state: 'over' }
      if (polls.isTooSoon(record)) return { state: 'too-soon' }
      if (record.state === 'denied') return { state: 'denied', why: failures.of(secretHash) }
      if (record.state !== 'signed-in') return { state: 'pending' }
      const taken = await store.take(secretHash, clock.now())
      if (taken?.sessionId === undefined) return { state: 'over' }
      return { state: 'signed-in', sessionId: taken.sessionId, record: taken }
    },
  }
}

/** When each machine may ask again. One entry for each code of the last ten minutes. */
function createPollTimes(clock: Clock): { isTooSoon(record: DeviceCodeRecord): boolean } {
  const times = new Map<string, { readonly nextMs: number; readonly expiresAtMs: number }>()
  const forgetExpired = (): void => {
    for (const [key, { expiresAtMs }] of times) {
      if (expiresAtMs <= clock.now()) times.delete(key)
    }
  }
  return {
    isTooSoon({ secretHash, expiresAtMs }) {
      const nowMs = clock.now()
      const known = times.get(secretHash)
      if (known === undefined) forgetExpired()
      const nextMs = nowMs + devicePollIntervalMs - pollToleranceMs
      times.set(secretHash, { nextMs, expiresAtMs })
      return known !== undefined && nowMs < known.nextMs
    },
  }
}

/** Why sign-ins of machines failed, for as many as there can be codes; the oldest is forgotten. */
function createFailures(): {
  keep(secretHash: string, why: string): void
  of(secretHash: string): string | undefined
} {
  const failures = new Map<string, string>()
  return {
    keep(secretHash, why) {
      failures.set(secretHash, why)
      const [oldest] = failures.keys()
      if (failures.size > maxCodesInTotal && oldest !== undefined) failures.delete(oldest)
    },
    of: (secretHash) => failures.get(secretHash),
  }
}

function drawUserCode(): string {
  return Array.from({ length: userCodeLength }, () => alphabet[randomInt(alphabet.length)]).join('')
}

function sha256(text: string): string {
  return hash('sha256', text, 'base64url')
}

function tooManyCodes(): AccessError {
  return new AccessError('too-many-device-codes', 'too many machines ask to be signed in now', {
    hint: 'try again in ten minutes, or sign in with a browser',
  })
}

function tooManyGuesses(): AccessError {
  return new AccessError('too-many-wrong-codes', 'too many wrong codes were typed', {
    hint: 'try again in ten minutes',
  })
}

function codeIsOver(): AccessError {
  return new AccessError(
    'device-code-over',
    'this code was approved, denied or has expired meanwhile',
    {
      hint: 'ask for a new one in the terminal if its machine is not signed in',
    },
  )
}
