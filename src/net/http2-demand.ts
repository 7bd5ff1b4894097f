import type { Http2Session, Http2Stream } from 'node:http2'

/** What has come of a stream since a question was asked. */
interface Arrived {
  question: number
  bytes: number
  /** What waited to be read when the least did. */
  leastUnread: number
}

/** Finds out whether streams could use more credit than they have. */
export interface Demand {
  /** Bytes have come of a stream that has so much credit. */
  came(stream: Http2Stream, bytes: number, windowBytes: number): void
}

/** A stream that gets less than this part of its credit within a round trip does not wait for credit. */
const minUsedPart = 1 / 3
/** Whoever always leaves more than this part unread needs no more of it: credit comes back by halves (nghttp2). */
const maxUnreadPart = 1 / 4
/** Credit that passes before the next question, after one that found something, and after one that did not. */
const credits = { found: 1 / 2, notFound: 4 } as const

/**
 * Calls `onDemand` when a stream has moved much of its credit within a round trip, and was read meanwhile: its
 * sender waits for the answers to it, and the line holds more. A PING that is answered is a round trip (RFC 9113
 * §6.7), and is asked once for as many bytes as make it worth while.
 */
export function watchDemand(session: Http2Session, onDemand: () => void): Demand {
  const arrivals = new WeakMap<Http2Stream, Arrived>()
  const candidates = new Set<Arrived>()
  let question = 0
  let isAsking = false
  let untilNext = 0

  function ask(windowBytes: number): void {
    if (session.destroyed) return
    isAsking = session.ping((error) => {
      isAsking = false
      const isFound =
        !error && [...candidates].some((it) => it.leastUnread <= windowBytes * maxUnreadPart)
      candidates.clear()
      untilNext = windowBytes * (isFound ? credits.found : credits.notFound)
      if (isFound) onDemand()
    })
    question += 1
  }

  return {
    came(stream, bytes, windowBytes) {
      if (!isAsking) {
        untilNext -= bytes
        if (untilNext <= 0) ask(windowBytes)
        return
      }
      const unread = stream.readableLength - bytes
      let arrived = arrivals.get(stream)
      if (arrived?.question !== question) {
        arrived = { question, bytes: 0, leastUnread: unread }
        arrivals.set(stream, arrived)
      }
      arrived.bytes += bytes
      arrived.leastUnread = Math.min(arrived.leastUnread, unread)
      if (arrived.bytes >= windowBytes * minUsedPart) candidates.add(arrived)
    },
  }
}
