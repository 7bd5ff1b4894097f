import type { Clock } from '../../clock.ts'
import { heldBytesByMemory } from './memory.ts'
import type { Exchange, ExchangeParts, EvictionCause } from './peer.ts'

/** Whose exchanges they are. */
export interface ExchangeOwner {
  /** Those under way; kept here. */
  readonly exchanges: Set<Exchange>
  /** Whether the connection carries a tunnel, which outlives what happens beside it. */
  carriesTunnel(): boolean
  /** Ends the connection, and every exchange on it before it returns. */
  close(cause: EvictionCause): void
  /** Something happened on the connection. */
  progressed(): void
  /** An exchange alone was ended. */
  wasReset(cause: EvictionCause): void
}

export interface Exchanges {
  begin(owner: ExchangeOwner, parts: ExchangeParts): Exchange
}

export interface ExchangesOptions {
  readonly clock: Clock
  /** **Default:** 30 s */
  readonly stallMs?: number | undefined
  /** **Default:** 64 MiB, or a sixteenth of the memory where that is less */
  readonly maxHeldBytes?: number | undefined
  /** Longest life of an exchange that begins now, in milliseconds; 0 for no limit. **Default:** 0 */
  readonly maxLifeMs?: (() => number) | undefined
}

/**
 * Longest time in which nothing of a request's body comes, and nothing of an answer is taken; in
 * milliseconds. A piece of an answer counts when its last byte was taken, `pieceBytes` at the most.
 *
 * @limit time without progress of an answer or a body outside of tunnels, whatever the timeouts say:
 * the connection is closed; one with a tunnel loses the stream alone
 */
const stallTimeoutMs = 30_000
/** What an exchange costs besides its bytes: objects of both HTTP versions, a piece being encrypted. */
const exchangeBytes = 32 * 1024

interface Entry {
  readonly owner: ExchangeOwner
  readonly parts: ExchangeParts
  readonly exchange: Exchange
  /** What it counts as. */
  bytes: number
  /** What of its answer waits. */
  answerBytes: number
  progressedAtMs: number
  endedBy: EvictionCause | undefined
  lifeTimer: Disposable | undefined
}

/**
 * Keeps all exchanges in the order of their last progress, so that the one that has stalled for the
 * longest time is found without looking for it.
 */
export function createExchanges({
  clock,
  stallMs = stallTimeoutMs,
  maxHeldBytes = heldBytesByMemory(),
  maxLifeMs = () => 0,
}: ExchangesOptions): Exchanges {
  const entries = new Set<Entry>()
  let heldBytes = 0
  let timer: Disposable | undefined

  function touch(entry: Entry): void {
    entry.progressedAtMs = clock.now()
    entries.delete(entry)
    entries.add(entry)
  }

  function count(entry: Entry): void {
    const bytes = exchangeBytes + entry.parts.requestBytes() + entry.answerBytes
    heldBytes += bytes - entry.bytes
    entry.bytes = bytes
    // Each step removes at least this entry; where its connection is closed, all others of that connection
    // too.
    for (const oldest of entries) {
      if (heldBytes <= maxHeldBytes) return
      evict(oldest, 'memory')
    }
  }

  function remove(entry: Entry): void {
    if (!entries.delete(entry)) return
    heldBytes -= entry.bytes
    entry.lifeTimer?.[Symbol.dispose]()
    entry.owner.exchanges.delete(entry.exchange)
  }

  function evict(entry: Entry, cause: EvictionCause): void {
    entry.endedBy = cause
    remove(entry)
    if (entry.owner.carriesTunnel()) {
      entry.parts.reset()
      entry.owner.wasReset(cause)
    } else entry.owner.close(cause)
  }

  /** Ends what has stalled, and looks again when the next one could have. */
  function look(): void {
    timer = undefined
    const nowMs = clock.now()
    for (const entry of entries) {
      const leftMs = entry.progressedAtMs + stallMs - nowMs
      if (leftMs > 0) return arm(leftMs)
      if (entry.parts.isPeersTurn()) evict(entry, 'stalled')
      else touch(entry)
    }
  }

  function arm(delayMs: number): void {
    timer ??= clock.schedule(delayMs, look)
  }

  return {
    begin(owner, parts) {
      const exchange: Exchange = {
        get endedBy() {
          return entry.endedBy
        },
        progressed() {
          if (!entries.has(entry)) return
          touch(entry)
          owner.progressed()
          count(entry)
        },
        hold(bytes) {
          entry.answerBytes = bytes
          if (entries.has(entry)) count(entry)
        },
        end() {
          remove(entry)
          owner.progressed()
        },
      }
      const now = { bytes: 0, answerBytes: 0, progressedAtMs: clock.now(), endedBy: undefined }
      const entry: Entry = { owner, parts, exchange, lifeTimer: undefined, ...now }
      const lifeMs = maxLifeMs()
      if (lifeMs > 0) entry.lifeTimer = clock.schedule(lifeMs, () => evict(entry, 'timeout'))
      entries.add(entry)
      owner.exchanges.add(exchange)
      owner.progressed()
      arm(stallMs)
      count(entry)
      return exchange
    },
  }
}
