import { hash, randomBytes, randomInt } from 'node:crypto'
import { addressKey } from '../address.ts'
import type { Clock } from '../clock.ts'
import { AccessError, SystemError } from '../errors.ts'
import type { DeviceCodeRecord, DeviceCodeStore } from '../store/store.ts'
import type { LimitReports } from './limit-reports.ts'
import { createOpenDeviceCodes } from './open-device-codes.ts'
import { createRateLimit, LimitedError } from './rate-limit.ts'

/** What a machine without a browser says of itself, cleaned and bounded by the caller. */
export interface DeviceRequest {
  readonly host: string
  readonly command: string
  /** As the gateway saw it. */
  readonly address: string
  /** Of a machine that asks for a publish credential, and gets no session: a JWK as JSON. */
  readonly publicKey?: string | undefined
}

/** What a code is for. One for either is never taken for the other. */
export type DevicePurpose = 'session' | 'publish'

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
  /** Throws `LimitedError` `too-many-device-codes`. */
  begin(request: DeviceRequest): Promise<BegunDeviceCode>
  /**
   * The code that somebody typed, as it stands. Throws `AccessError` `device-code-unknown`, which
   * counts as a guess, or `LimitedError` `too-many-wrong-codes`.
   */
  find(
    userCode: string,
    viewer: DeviceCodeViewer,
    purpose?: DevicePurpose,
  ): Promise<DeviceCodeRecord>
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
    signedIn: {
      readonly userId: string
      readonly sessionId: string
      readonly site?: string | undefined
    },
  ): Promise<boolean>
  poll(secret: string, purpose?: DevicePurpose): Promise<DevicePoll>
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
/** @limit none: machines whose sign-ins have failed, with the reason; the oldest is forgotten */
const maxFailures = 1000
/** @limit wrong codes of one person in 10 minutes: 429 */
const maxWrongCodesPerPerson = 10
/**
 * Far more than one person may type: nobody shuts out the others behind their address.
 *
 * @limit wrong codes from one address in 10 minutes: 429
 */
const maxWrongCodesPerAddress = 200
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

export function createDeviceCodes(
  store: DeviceCodeStore,
  clock: Clock,
  reports: LimitReports,
): DeviceCodes {
  const limit = (maxEvents: number) => createRateLimit({ maxEvents, windowMs, maxKeys, clock })
  const open = createOpenDeviceCodes(clock)
  const [wrongByPerson, wrongFromAddress] = [
    limit(maxWrongCodesPerPerson),
    limit(maxWrongCodesPerAddress),
  ]
  const polls = createPollTimes(clock)
  const failures = createFailures()

  return {
    async begin({ host, command, address, publicKey }) {
      const retryAfterSeconds = open.retryAfterSeconds({ host, address })
      if (retryAfterSeconds !== undefined)
        throw reports.reported(tooManyCodes(retryAfterSeconds), address)
      const secret = randomBytes(secretBytes).toString('base64url')
      const nowMs = clock.now()
      const secretHash = sha256(secret)
      const expiresAtMs = nowMs + deviceCodeLifeMs
      const rest = { host, command, address, createdAtMs: nowMs, state: 'pending' as const }
      open.add({ secretHash, host, address, expiresAtMs })
      for (let draw = 0; draw < maxDraws; draw += 1) {
        const record: DeviceCodeRecord = {
          ...rest,
          secretHash,
          userCode: drawUserCode(),
          expiresAtMs,
          userId: undefined,
          sessionId: undefined,
          ...(publicKey !== undefined && { publicKey }),
        }
        if (await store.add(record)) return { secret, record }
      }
      throw new SystemError('device-code-not-made', 'no code is free for another machine')
    },
    async find(userCode, { userId, address }, purpose = 'session') {
      const limits = [
        [wrongByPerson, userId],
        [wrongFromAddress, addressKey(address)],
      ] as const
      for (const [limit, key] of limits)
        if (limit.isReached(key))
          throw reports.reported(tooManyGuesses(limit.retryAfterSeconds(key)), address)
      // Before the look-up, so that guesses at the same moment count; a right one is given back.
      for (const [limit, key] of limits) limit.count(key)
      const record = await store.findByUserCode(userCode, clock.now())
      if (record !== undefined && purposeOf(record) === purpose) {
        for (const [limit, key] of limits) limit.giveBack(key)
        return record
      }
      throw new AccessError(
        'device-code-unknown',
        'this code is wrong, already used or older than 10 minutes',
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
      open.remove(secretHash)
      if (why !== undefined) failures.keep(secretHash, why)
    },
    async attach(secretHash, signedIn) {
      const isAttached = await store.attach(secretHash, signedIn, clock.now())
      if (isAttached) open.remove(secretHash)
      return isAttached
    },
    async poll(secret, purpose = 'session') {
      const secretHash = sha256(secret)
      const record = await store.findBySecretHash(secretHash, clock.now())
      if (record === undefined || purposeOf(record) !== purpose) return { state: 'over' }
      if (polls.isTooSoon(record)) return { state: 'too-soon' }
      if (record.state === 'denied') return { state: 'denied', why: failures.of(secretHash) }
      if (record.state !== 'signed-in') return { state: 'pending' }
      const taken = await store.take(secretHash, clock.now())
      if (taken?.sessionId === undefined) return { state: 'over' }
      return { state: 'signed-in', sessionId: taken.sessionId, record: taken }
    },
  }
}

function purposeOf({ publicKey }: DeviceCodeRecord): DevicePurpose {
  return publicKey === undefined ? 'session' : 'publish'
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
      if (failures.size > maxFailures && oldest !== undefined) failures.delete(oldest)
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

function tooManyCodes(retryAfterSeconds: number): LimitedError {
  return new LimitedError(
    'too-many-device-codes',
    'too many machines wait here for somebody to approve their codes',
    'approve or deny the codes that were shown, wait until they end, or sign in with a browser',
    retryAfterSeconds,
  )
}

function tooManyGuesses(retryAfterSeconds: number): LimitedError {
  return new LimitedError(
    'too-many-wrong-codes',
    'too many wrong codes were typed',
    'try again in ten minutes',
    retryAfterSeconds,
  )
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
