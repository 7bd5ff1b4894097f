import type { Denial, KeepDenial } from '../../access/denial.ts'
import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import type { RefusalRecord, RefusalStore } from '../../store/request-store.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'

/** Why people were refused, for the pages that explain it. */
export interface Denials {
  readonly keep: KeepDenial
  /** By the request id of any attempt, as long as that is in memory; later by that in the address of its page. */
  remembered(id: string): Denial | undefined
  /** The same from the store. */
  stored(id: string): Promise<Denial | undefined>
  /** Resolves once what was kept is in the store, or cannot be. */
  close(): Promise<void>
}

export type FindableDenials = Pick<Denials, 'remembered' | 'stored'>

export interface DenialsOptions {
  readonly store: RefusalStore
  readonly clock: Clock
  readonly logger: Logger
  /** Where people sign in; undefined when nobody can. */
  readonly origin: URL | undefined
}

/** @limit refusals of one person at one route for one reason that have a page of their own: one a minute, which all others lead to */
const sameForMs = 60_000
const minuteMs = 60_000
/** @limit pages of refusals that one person makes in a minute: their further refusals have none */
const maxPerPerson = 60
/** @limit none: request ids of refusals in memory; the oldest are found by the address of their page alone */
const maxIds = 10_000
/** @limit refusals in memory whose page is not read from the store: the oldest is read from there */
const maxRemembered = 2_000
/** @limit the trace on the page of a refusal: it is left out */
const maxBodyLength = 16_384
/** @limit pages of refusals that are kept: the oldest are forgotten */
const maxStored = 20_000
/** @limit time that the page of a refusal is kept: it is forgotten */
const maxStoredMs = 30 * 86_400_000
/** @limit refusals that wait to be written to the store: further ones are in memory alone */
const maxWaiting = 500
/** How long they wait for others, in milliseconds. */
const flushMs = 1_000

export function createDenials({ store, clock, logger, origin }: DenialsOptions): Denials {
  /** By the request id of each attempt; oldest first, as in the next ones. */
  const byId = new Map<string, Denial>()
  const latest = new Map<string, Denial>()
  const waiting: RefusalRecord[] = []
  const isOneMore = countPerPerson()
  let timer: Disposable | undefined
  let flushing: Promise<void> | undefined

  function remember(id: string, denial: Denial): void {
    byId.set(id, denial)
    const [oldest] = byId.keys()
    if (byId.size > maxIds && oldest !== undefined) byId.delete(oldest)
  }

  function keepLatest(key: string, denial: Denial): void {
    latest.delete(key)
    latest.set(key, denial)
    const [oldest] = latest
    if (latest.size <= maxRemembered || oldest === undefined) return
    latest.delete(oldest[0])
    // Its page may be read from the store from now on; its other attempts lead nowhere.
    byId.delete(oldest[1].id)
  }

  function write(denial: Denial): void {
    if (waiting.length >= maxWaiting) return
    const { id, userId, email, routeId, atMs } = denial
    waiting.push({ id, userId, email, routeId, atMs, body: encode(denial) })
    timer ??= clock.schedule(flushMs, flush)
  }

  function flush(): void {
    timer = undefined
    // A database that answers nothing has one batch at a time, and what waits for it has a bound.
    if (flushing !== undefined || waiting.length === 0) return
    flushing = add(waiting.splice(0)).finally(() => {
      flushing = undefined
      if (waiting.length > 0) timer ??= clock.schedule(flushMs, flush)
    })
  }

  async function add(batch: readonly RefusalRecord[]): Promise<void> {
    try {
      await store.add(batch, maxStored, clock.now() - maxStoredMs)
    } catch (error) {
      const fields = { refusals: batch.length, error: messageOf(error) }
      logger.error('why people were refused cannot be kept', fields)
    }
  }

  return {
    keep({ id, userId, routeId, routeRevision, ip, message }, make) {
      if (origin === undefined) return undefined
      const key = JSON.stringify([userId, routeId, routeRevision, ip, message])
      const known = latest.get(key)
      const nowMs = clock.now()
      // A clock that was set back makes another one.
      const isSame = known !== undefined && Math.abs(nowMs - known.atMs) < sameForMs
      if (!isSame && !isOneMore(userId, nowMs)) return undefined
      const denial = isSame ? known : { ...make(), atMs: nowMs }
      remember(id, denial)
      if (!isSame) {
        keepLatest(key, denial)
        write(denial)
      }
      return new URL(gatewayPaths.refused + encodeURIComponent(denial.id), origin)
    },
    remembered: (id) => byId.get(id),
    async stored(id) {
      const row = await store.get(id)
      return row && decode(row.body)
    },
    async close() {
      await flushing
      timer?.[Symbol.dispose]()
      flush()
      await flushing
    },
  }
}

/** Whether somebody may make one more in the minute that has begun: an address of their own for each costs nothing. */
function countPerPerson(): (userId: string, nowMs: number) => boolean {
  const counts = new Map<string, number>()
  let sinceMs = 0
  return (userId, nowMs) => {
    if (Math.abs(nowMs - sinceMs) >= minuteMs) {
      counts.clear()
      sinceMs = nowMs
    }
    const count = (counts.get(userId) ?? 0) + 1
    counts.set(userId, count)
    return count <= maxPerPerson
  }
}

function encode(denial: Denial): string {
  const whole = JSON.stringify(denial)
  if (whole.length <= maxBodyLength) return whole
  return JSON.stringify({ ...denial, trace: { ...denial.trace, rules: [], hasMore: true } })
}

function decode(body: string): Denial {
  const denial = JSON.parse(body) as Denial
  // JSON knows no undefined.
  return { ...denial, email: denial.email, namespace: denial.namespace }
}

/**
 * The denial of an id, for whoever may see it. For whoever may not, it takes the same steps as for an id that nobody
 * has: how long that takes tells nothing of whether there is one.
 */
export async function findDenial(
  denials: FindableDenials,
  id: string,
  maySee: (denial: Denial) => boolean,
): Promise<Denial | undefined> {
  const remembered = denials.remembered(id)
  if (remembered !== undefined && maySee(remembered)) return remembered
  const stored = await denials.stored(id)
  return stored !== undefined && maySee(stored) ? stored : undefined
}
