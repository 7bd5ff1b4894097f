import { randomUUID, type X509Certificate } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { parseChain } from '../net/pem.ts'
import { fingerprintOf } from '../net/read-certificate.ts'
import type { Certificate } from '../port/tls-contexts.ts'
import type { AcmeRecord, AcmeStore } from '../store/acme-store.ts'
import type { ChangeFeed, LeaseStore } from '../store/store.ts'
import { FetchError, type Authority, type WantedCertificate } from './authority.ts'
import { challengeLifeMs, type ChallengeRegister } from './challenges.ts'
import {
  countRevocation,
  lateAtMs,
  renewalDueMs,
  replacedFromMs,
  retryAfterMs,
  validityOf,
  type Revocations,
  type Validity,
} from './renewal.ts'

/** How one certificate stands. Times are milliseconds since the epoch. */
export interface CertificateState {
  readonly name: string
  /** Undefined: there is none yet. */
  readonly validity: Validity | undefined
  readonly isBeingFetched: boolean
  /** Why the last try failed; undefined since one has worked. */
  readonly error: string | undefined
  /** When it is tried next; undefined while it is. */
  readonly nextTryAtMs: number | undefined
  /** Whether somebody has to look: a try has failed, and there is none although its name resolves, too little of its life is left, or it is revoked. */
  readonly isLate: boolean
}

/** The certificates that the gateway fetches, and keeps true. */
export interface FetchedCertificates {
  /** Those that are there of what is wanted, in the order of `want`. */
  certificates(): readonly Certificate[]
  states(): readonly CertificateState[]
  /** From now on these, each once. What is not there or is due is fetched. */
  want(wanted: readonly WantedCertificate[]): void
  /**
   * A certificate was revoked, by its fingerprint: where it is one of these, it is fetched anew at once, and later where the
   * one before it was revoked lately as well.
   */
  revoked(fingerprint: string): void
  /** Calls back after `certificates` has changed. */
  onChanged(listener: () => void): void
  /** Gives up what is under way. */
  close(): Promise<void>
}

export interface FetchedCertificatesOptions {
  readonly store: {
    readonly acme: AcmeStore
    readonly feed: Pick<ChangeFeed, 'onChanges'>
    readonly leases: LeaseStore
  }
  readonly authority: Authority
  readonly challenges: ChallengeRegister
  readonly clock: Clock
  readonly logger: Logger
  /** Whether a certificate is as the configuration asks for; one that is not is fetched anew at once. */
  readonly isAsAsked: (leaf: X509Certificate) => boolean
  /** A try has ended. */
  readonly tried?: (outcome: 'ok' | 'failed') => void
}

/** @limit none: certificates that are fetched at the same time; the others wait for their turn */
const maxAtOnce = 3
/** @limit time for one try to fetch a certificate, all its ways together: it is tried again later */
const maxTryMs = 840_000
/** How long one gateway alone may try one name, in milliseconds: longer than any try takes. */
const leaseMs = maxTryMs + 60_000
/** When to look again whether another gateway has fetched it, in milliseconds. */
const othersTurnMs = 60_000

/** Soonest renewal after a certificate was fetched, in milliseconds. */
const soonestAgainMs = 1_000

interface Kept {
  readonly wanted: WantedCertificate
  failures: number
  isUnresolved: boolean
  error: string | undefined
  nextTryAtMs: number
  isBeingFetched: boolean
  revocations: Revocations | undefined
}

interface Held {
  readonly certificate: Certificate
  readonly validity: Validity
  readonly fingerprint: string
  readonly isAsAsked: boolean
}

/** Reads what the store has, and fetches nothing before it is told what is wanted. */
export async function openFetchedCertificates(
  options: FetchedCertificatesOptions,
): Promise<FetchedCertificates> {
  const { store, authority, challenges, clock, logger } = options
  const holder = randomUUID()
  const ending = new AbortController()
  const held = new Map<string, Held>()
  /** By their fingerprints. */
  const revoked = new Set<string>()
  const listeners = new Set<() => void>()
  const underWay = new Set<Promise<void>>()
  let kept = new Map<string, Kept>()
  /** Those of `underWay`, by name: also one that is wanted no more, and may be again. */
  const trying = new Map<string, Kept>()
  let timer: Disposable | undefined

  /** What is there already was shown when it says; what comes now, by the clock of another gateway, is shown from now on. */
  const take = (record: AcmeRecord, shownAtMs = clock.now()): void => {
    if (record.kind === 'challenge') {
      const isLeftBehind = clock.now() - shownAtMs > challengeLifeMs
      if (!isLeftBehind) challenges.put(record.name, record, shownAtMs)
      else void store.acme.remove('challenge', record.name).catch(() => undefined)
      return
    }
    const read = toHeld(record)
    if (read !== undefined) held.set(record.name, read)
  }
  const toHeld = ({ kind, text, privateKey }: AcmeRecord): Held | undefined => {
    const [leaf] = parseChain(text) ?? []
    const validity = validityOf(text)
    if (kind !== 'certificate' || privateKey === undefined || !leaf || !validity) return undefined
    return {
      certificate: { cert: text, key: privateKey },
      validity,
      fingerprint: fingerprintOf(leaf),
      isAsAsked: options.isAsAsked(leaf),
    }
  }
  /** Whether it may be served until it is due. */
  const isFit = ({ isAsAsked, fingerprint }: Held): boolean =>
    isAsAsked && !revoked.has(fingerprint)
  for (const record of await store.acme.list()) take(record, record.changedAtMs)

  /** What any gateway has written, this one included. */
  const follow = async (kind: AcmeRecord['kind'], name: string): Promise<void> => {
    const record = await store.acme.get(kind, name)
    if (ending.signal.aborted) return
    if (record !== undefined) take(record)
    else if (kind === 'challenge') challenges.remove(name)
    if (kind !== 'certificate' || record === undefined) return
    const it = kept.get(name)
    if (it === undefined) return
    const nextTryAtMs = nextRenewalMs(name)
    Object.assign(it, { failures: 0, isUnresolved: false, error: undefined, nextTryAtMs })
    for (const listener of listeners) listener()
    plan()
  }
  const following = store.feed.onChanges((changes) => {
    for (const { kind, id } of changes) {
      if (kind !== 'acme-record') continue
      const slash = id.indexOf('/')
      follow(id.slice(0, slash) as AcmeRecord['kind'], id.slice(slash + 1)).catch(
        (error: unknown) => logger.error('certificate not read', { error: messageOf(error) }),
      )
    }
  })

  function dueMs(name: string): number {
    const one = held.get(name)
    return one === undefined || !isFit(one) ? clock.now() : renewalDueMs(one.validity)
  }

  /**
   * Of a life of seconds, as in a trial, the next one is not asked for in the same moment; and where clocks differ, so that
   * one is due as it comes, not again and again.
   */
  function nextRenewalMs(name: string): number {
    const nowMs = clock.now()
    const { untilMs = nowMs } = held.get(name)?.validity ?? {}
    const dueAtMs = dueMs(name)
    const atMs = dueAtMs > nowMs ? dueAtMs : nowMs + (untilMs - nowMs) / 2
    return Math.max(atMs, nowMs + soonestAgainMs)
  }

  /** Begins what is due, and comes back for the next. */
  function plan(): void {
    timer?.[Symbol.dispose]()
    timer = undefined
    if (ending.signal.aborted) return
    const waiting = [...kept.values()]
      .filter(({ isBeingFetched }) => !isBeingFetched)
      .toSorted((one, other) => one.nextTryAtMs - other.nextTryAtMs)
    for (const it of waiting) {
      if (underWay.size >= maxAtOnce) return
      const waitMs = it.nextTryAtMs - clock.now()
      if (waitMs > 0) {
        timer = clock.schedule(waitMs, plan)
        return
      }
      begin(it)
    }
  }

  function begin(it: Kept): void {
    const { name } = it.wanted
    it.isBeingFetched = true
    trying.set(name, it)
    const ended = attempt(it).then((tell) => {
      it.isBeingFetched = false
      trying.delete(name)
      underWay.delete(ended)
      plan()
      tell()
    })
    underWay.add(ended)
  }

  /** Never rejects; answers what is to be told once it is over. */
  async function attempt(it: Kept): Promise<() => void> {
    const lease = {
      name: `acme/${it.wanted.name}`,
      holder,
      untilMs: clock.now() + leaseMs,
    }
    const tooLong = new AbortController()
    using _limit = clock.schedule(maxTryMs, () => tooLong.abort(new Error('it took too long')))
    const signal = AbortSignal.any([ending.signal, tooLong.signal])
    try {
      if (await store.leases.take(lease, clock.now())) return await fetch(it, signal)
      it.nextTryAtMs = clock.now() + othersTurnMs
      return () => undefined
    } catch (error) {
      if (ending.signal.aborted) return () => undefined
      return failed(it, tooLong.signal.aborted ? tooLong.signal.reason : error)
    } finally {
      await store.leases.release(lease.name, holder).catch(() => undefined)
    }
  }

  async function fetch(it: Kept, signal: AbortSignal): Promise<() => void> {
    const { name } = it.wanted
    // Another gateway may have been here a moment ago.
    const found = await store.acme.get('certificate', name)
    const other = found && toHeld(found)
    if (other !== undefined && isFit(other) && renewalDueMs(other.validity) > clock.now()) {
      await follow('certificate', name)
      return () => undefined
    }
    const isRenewal = held.has(name)
    const certificate = await authority.fetch(it.wanted, signal)
    await store.acme.put({
      kind: 'certificate',
      name,
      text: certificate.cert,
      privateKey: certificate.key,
      changedAtMs: clock.now(),
    })
    await follow('certificate', name)
    return () => {
      options.tried?.('ok')
      logger.info(isRenewal ? 'certificate renewed' : 'certificate fetched', {
        name,
        'valid-until': untilOf(held.get(name)),
      })
    }
  }

  function failed(it: Kept, error: unknown): () => void {
    const { name } = it.wanted
    it.failures += 1
    it.error = messageOf(error)
    it.isUnresolved = error instanceof FetchError && error.isUnresolved
    const asked = error instanceof FetchError ? error.retryAfterMs : 0
    it.nextTryAtMs = clock.now() + Math.max(retryAfterMs(it.failures), asked)
    const fields = {
      name,
      error: it.error,
      hint: error instanceof FetchError ? error.hint : undefined,
      'next-try': new Date(it.nextTryAtMs).toISOString(),
      'valid-until': untilOf(held.get(name)),
    }
    return () => {
      options.tried?.('failed')
      const message = held.has(name) ? 'certificate not renewed' : 'certificate not fetched'
      if (isLate(it)) logger.error(message, fields)
      else logger.warn(message, fields)
    }
  }

  /** Has another one fetched in the place of what was revoked. */
  function replace(it: Kept, isNew: boolean): void {
    const { count, atMs } = it.revocations ?? { count: 1, atMs: clock.now() }
    it.nextTryAtMs = Math.max(replacedFromMs({ count, atMs }), clock.now())
    if (!isNew || count === 1) return
    logger.error('certificate revoked again', {
      name: it.wanted.name,
      revoked: count,
      'next-try': new Date(it.nextTryAtMs).toISOString(),
      hint: 'ask the certificate authority why it revokes what it gives: it is not asked for one after the other',
    })
  }

  function isLate({ wanted, failures, isUnresolved }: Kept): boolean {
    const one = held.get(wanted.name)
    if (failures === 0) return false
    if (one === undefined) return !isUnresolved
    return revoked.has(one.fingerprint) || clock.now() >= lateAtMs(one.validity)
  }

  return {
    certificates: () => [...kept.keys()].flatMap((name) => held.get(name)?.certificate ?? []),
    states: () =>
      [...kept.values()].map((it) => ({
        name: it.wanted.name,
        validity: held.get(it.wanted.name)?.validity,
        isBeingFetched: it.isBeingFetched,
        error: it.error,
        nextTryAtMs: it.isBeingFetched ? undefined : it.nextTryAtMs,
        isLate: isLate(it),
      })),
    want(wanted) {
      const former = kept
      kept = new Map(
        wanted.map((one) => [one.name, adopt(one, former.get(one.name) ?? trying.get(one.name))]),
      )
      const isSame = [...kept.keys()].join() === [...former.keys()].join()
      if (!isSame) for (const listener of listeners) listener()
      plan()
    },
    revoked(fingerprint) {
      const isNew = !revoked.has(fingerprint)
      revoked.add(fingerprint)
      for (const it of kept.values()) {
        if (held.get(it.wanted.name)?.fingerprint !== fingerprint) continue
        if (isNew) it.revocations = countRevocation(it.revocations, clock.now())
        // One that could not be fetched waits as it did.
        if (it.failures === 0) replace(it, isNew)
      }
      plan()
    },
    onChanged: (listener) => void listeners.add(listener),
    async close() {
      ending.abort(new Error('the gateway stops'))
      timer?.[Symbol.dispose]()
      following[Symbol.dispose]()
      await Promise.allSettled(underWay)
    },
  }

  /** One that is under way or has failed goes on as it was. */
  function adopt(wanted: WantedCertificate, before: Kept | undefined): Kept {
    if (before === undefined)
      return {
        wanted,
        failures: 0,
        isUnresolved: false,
        error: undefined,
        nextTryAtMs: dueMs(wanted.name),
        isBeingFetched: false,
        revocations: undefined,
      }
    if (before.wanted.zone === wanted.zone) return before
    return Object.assign(before, { wanted })
  }
}

function untilOf(held: Held | undefined): string | undefined {
  return held && new Date(held.validity.untilMs).toISOString()
}
