/** How long to wait before the next attempt, in milliseconds. */
export interface BackOff {
  /** After a failure: longer in the mean after each. */
  next(): number
  /** What failed works again. */
  reset(): void
}

/** The first wait is at most this long, in milliseconds. */
const firstMs = 1_000
/** A gateway that is restarted is away for no longer, in milliseconds. */
const restartMs = 60_000
/**
 * So that connectors are back within it, once a gateway that was restarted listens.
 *
 * @limit longest wait of a connector between two attempts
 * in the first minute: it tries again
 */
const maxWaitInRestartMs = 5_000
/**
 * So that a gateway which was away for long has its connectors back soon.
 *
 * @limit longest wait of a connector between two attempts at a connection
 * that fails: it tries again
 */
const maxWaitMs = 30_000

/**
 * Any wait up to a bound that doubles ("full jitter"): connectors that lost their gateway at one moment do not
 * come back at one moment.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function createBackOff(random: () => number): BackOff {
  let boundMs = firstMs
  let waitedMs = 0
  return {
    next() {
      const waitMs = random() * boundMs
      waitedMs += waitMs
      boundMs = Math.min(boundMs * 2, waitedMs < restartMs ? maxWaitInRestartMs : maxWaitMs)
      return waitMs
    },
    reset() {
      boundMs = firstMs
      waitedMs = 0
    },
  }
}
