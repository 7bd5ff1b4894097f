import type { Clock } from '../clock.ts'
import { AppError, messageOf, PeerError } from '../errors.ts'
import type { LogFields, Logger } from '../log.ts'
import { readOcspAnswer, type OcspAnswer } from '../net/ocsp/answer.ts'
import { askResponder } from '../net/ocsp/ask-responder.ts'
import type { StapledCertificate } from '../net/ocsp/must-staple.ts'
import { createOcspRequest } from '../net/ocsp/request.ts'
import { fingerprintOf } from '../net/read-certificate.ts'
import { pause } from '../pause.ts'
import type { OcspAnswerStore } from '../store/ocsp-answer-store.ts'
import { askAgainAfterMs, askAgainAtMs, lateFromMs } from './answer-times.ts'
import { nameOf, type StapleState } from './staple-state.ts'

/** The OCSP answers that are handed out with certificates, and kept true. */
export interface Staples {
  /** What is handed out now with a certificate, by its fingerprint: never an answer whose end has come. */
  find(fingerprint: string): Buffer | undefined
  /**
   * Follows these as well. Resolves once what is kept for them was read, and when each has an answer or a first try has
   * ended, after `waitMs` at the latest.
   */
  prepare(certificates: readonly StapledCertificate[], waitMs: number): Promise<void>
  /** From now on these, and no others. */
  follow(certificates: readonly StapledCertificate[]): void
  states(): readonly StapleState[]
  /** Gives up what is under way. */
  close(): Promise<void>
}

export interface StaplesOptions {
  readonly store: OcspAnswerStore
  readonly clock: Clock
  readonly logger: Logger
  /** A responder was asked. */
  readonly asked?: (outcome: 'ok' | 'failed') => void
  /** A certificate was revoked; called again whenever that is said again. */
  readonly onRevoked?: (fingerprint: string) => void
  /** From 0 to 1. **Default:** by chance */
  readonly chance?: () => number
}

/** @limit none: responders that are asked at the same time; the others wait for their turn */
const maxAtOnce = 4
/** The same about the same certificate is said again after this long, in milliseconds. */
const saidAgainMs = 21_600_000

interface Followed {
  readonly certificate: StapledCertificate
  readonly fingerprint: string
  readonly name: string
  answer: OcspAnswer | undefined
  fetchedAtMs: number
  failures: number
  error: string | undefined
  nextTryAtMs: number
  isBeingAsked: boolean
  said: { readonly what: string; readonly atMs: number } | undefined
  /** What is kept was read. */
  readonly looked: Promise<void>
  /** There is an answer, or a first try has ended. */
  readonly tried: PromiseWithResolvers<void>
}

/** Asks nobody before it is told of a certificate. */
export function createStaples(options: StaplesOptions): Staples {
  const { store, clock, logger, chance = Math.random } = options
  const ending = new AbortController()
  const { signal } = ending
  const followed = new Map<string, Followed>()
  const underWay = new Set<Promise<void>>()
  let timer: Disposable | undefined

  function begin(certificate: StapledCertificate): Followed {
    const fingerprint = fingerprintOf(certificate.leaf)
    const known = followed.get(fingerprint)
    if (known !== undefined) return known
    const looked = Promise.withResolvers<void>()
    const it: Followed = {
      certificate,
      fingerprint,
      name: nameOf(certificate.leaf),
      answer: undefined,
      fetchedAtMs: -Infinity,
      failures: 0,
      error: undefined,
      nextTryAtMs: clock.now(),
      isBeingAsked: true,
      said: undefined,
      looked: looked.promise,
      tried: Promise.withResolvers<void>(),
    }
    followed.set(fingerprint, it)
    run(it, async () => {
      await lookInStore(it)
      looked.resolve()
    })
    return it
  }

  /** Work on one that nothing else is done with meanwhile. */
  function run(it: Followed, work: () => Promise<void>): void {
    it.isBeingAsked = true
    const ended = work().then(() => {
      it.isBeingAsked = false
      underWay.delete(ended)
      plan()
    })
    underWay.add(ended)
  }

  /** Asks about what is due, and comes back for the next. */
  function plan(): void {
    timer?.[Symbol.dispose]()
    timer = undefined
    if (signal.aborted) return
    const waiting = [...followed.values()]
      .filter(({ isBeingAsked }) => !isBeingAsked)
      .toSorted((one, other) => one.nextTryAtMs - other.nextTryAtMs)
    for (const it of waiting) {
      if (underWay.size >= maxAtOnce) return
      const waitMs = it.nextTryAtMs - clock.now()
      if (waitMs > 0) {
        timer = clock.schedule(waitMs, plan)
        return
      }
      run(it, () => renew(it))
    }
  }

  /** Never rejects. */
  async function renew(it: Followed): Promise<void> {
    // Another gateway may have been here a moment ago.
    await lookInStore(it)
    if (signal.aborted || it.nextTryAtMs > clock.now()) return
    const { responders } = it.certificate
    const responder = responders[it.failures % responders.length]
    try {
      if (responder === undefined) throw new Error('there is no responder')
      const der = await askResponder(responder, createOcspRequest(it.certificate), { signal })
      const answer = readOcspAnswer(der, it.certificate, clock.now())
      if (answer.status === 'unknown') throw unknown()
      if (it.answer !== undefined && answer.fromMs < it.answer.fromMs) throw older()
      options.asked?.('ok')
      take(it, answer, clock.now())
      await keep(it, answer)
    } catch (error) {
      if (!signal.aborted) failed(it, error)
    }
    it.tried.resolve()
  }

  /** Takes over what is kept, where it is newer. Never rejects: without a store the responder is asked. */
  async function lookInStore(it: Followed): Promise<void> {
    if (signal.aborted) return
    try {
      const record = await store.get(it.fingerprint)
      if (record === undefined || signal.aborted) return
      if (record.fetchedAtMs <= it.fetchedAtMs || record.untilMs <= clock.now()) return
      // It is believed for its signature, and not for where it was.
      const der = Buffer.from(record.answer, 'base64')
      const answer = readOcspAnswer(der, it.certificate, clock.now())
      if (it.answer !== undefined && answer.fromMs < it.answer.fromMs) return
      take(it, answer, Math.min(record.fetchedAtMs, clock.now()))
      it.tried.resolve()
    } catch (error) {
      logger.warn('OCSP answer not read', { name: it.name, error: messageOf(error) })
    }
  }

  function take(it: Followed, answer: OcspAnswer, fetchedAtMs: number): void {
    const isFirst = it.answer === undefined
    const hasFailed = it.failures > 0
    Object.assign(it, { answer, fetchedAtMs, failures: 0, error: undefined })
    it.nextTryAtMs = askAgainAtMs(answer, fetchedAtMs, chance())
    // One that nobody wants any more is kept for whoever does, and nothing else.
    if (followed.get(it.fingerprint) !== it) return
    if (answer.status === 'revoked') return revoked(it, answer)
    it.said = undefined
    const fields = { name: it.name, 'valid-until': timeOf(answer.untilMs) }
    if (isFirst || hasFailed) logger.info('OCSP answer fetched', fields)
    else logger.debug('OCSP answer fetched', fields)
  }

  async function keep(it: Followed, { der, fromMs, untilMs }: OcspAnswer): Promise<void> {
    const nowMs = clock.now()
    const answer = der.toString('base64')
    const record = { certificate: it.fingerprint, answer, fromMs, untilMs, fetchedAtMs: nowMs }
    try {
      await store.put(record, nowMs)
    } catch (error) {
      // It is handed out all the same.
      logger.warn('OCSP answer not kept', { name: it.name, error: messageOf(error) })
    }
  }

  function revoked(it: Followed, { revokedAtMs }: OcspAnswer): void {
    it.error = 'the certificate authority has revoked it'
    say(it, 'error', 'certificate revoked', {
      name: it.name,
      serial: it.certificate.leaf.serialNumber,
      ...(revokedAtMs !== undefined && { since: timeOf(revokedAtMs) }),
      hint: 'have another one issued, with a new key: clients refuse this one. One that the gateway fetches is fetched anew by itself',
    })
    options.onRevoked?.(it.fingerprint)
  }

  function failed(it: Followed, error: unknown): void {
    options.asked?.('failed')
    it.failures += 1
    it.error = messageOf(error)
    it.nextTryAtMs = clock.now() + askAgainAfterMs(it.failures)
    if (followed.get(it.fingerprint) !== it) return
    say(it, isLate(it) ? 'error' : 'warn', 'OCSP answer not fetched', {
      name: it.name,
      error: it.error,
      hint: error instanceof AppError ? error.hint : undefined,
      'next-try': timeOf(it.nextTryAtMs),
      'valid-until': it.answer && timeOf(it.answer.untilMs),
    })
  }

  /** What has been said lately is not said again. */
  function say(it: Followed, level: 'warn' | 'error', message: string, fields: LogFields): void {
    const what = `${level} ${message} ${it.error}`
    const isSaid = it.said?.what === what && clock.now() - it.said.atMs < saidAgainMs
    if (isSaid) return
    it.said = { what, atMs: clock.now() }
    logger[level](message, fields)
  }

  function isLate({ answer, failures }: Followed): boolean {
    if (answer?.status === 'revoked') return true
    return failures > 0 && (answer === undefined || clock.now() >= lateFromMs(answer))
  }

  return {
    find(fingerprint) {
      const answer = followed.get(fingerprint)?.answer
      return answer !== undefined && clock.now() < answer.untilMs ? answer.der : undefined
    },
    async prepare(certificates, waitMs) {
      const these = certificates.map(begin)
      await Promise.all(these.map(({ looked }) => looked))
      if (waitMs <= 0) return
      const over = new AbortController()
      const tried = Promise.all(these.map(({ tried }) => tried.promise))
      const patience = AbortSignal.any([signal, over.signal])
      await Promise.race([tried, pause(waitMs, clock, patience)])
      over.abort()
    },
    follow(certificates) {
      const these = new Set(certificates.map(begin))
      for (const [fingerprint, it] of followed) if (!these.has(it)) followed.delete(fingerprint)
      plan()
    },
    states: () =>
      [...followed.values()].map((it) => ({
        name: it.name,
        validity: it.answer && { fromMs: it.answer.fromMs, untilMs: it.answer.untilMs },
        isRevoked: it.answer?.status === 'revoked',
        error: it.error,
        nextTryAtMs: it.isBeingAsked ? undefined : it.nextTryAtMs,
        isLate: isLate(it),
      })),
    async close() {
      ending.abort(new Error('the gateway stops'))
      timer?.[Symbol.dispose]()
      await Promise.allSettled(underWay)
    },
  }
}

function timeOf(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

function unknown(): PeerError {
  return new PeerError('ocsp-answer-refused', 'the OCSP responder does not know the certificate', {
    hint: 'wait some minutes after it was issued; then ask the certificate authority',
  })
}

function older(): PeerError {
  return new PeerError('ocsp-answer-refused', 'the OCSP answer is older than the one before', {
    hint: 'it may come from a cache on the way: ask the certificate authority if it stays so',
  })
}
