/** The wait before the second attempt is at most this long, in milliseconds. */
const firstMs = 1_000
/** @limit longest wait before what a receiver of audit records or webhooks did not take is sent again: it is sent */
const maxRetryWaitMs = 60_000

/** How long to wait after so many failures in a row: between half of a bound that doubles and all of it. */
export function retryWaitMs(failures: number, random: () => number): number {
  const boundMs = Math.min(firstMs * 2 ** Math.min(failures - 1, 16), maxRetryWaitMs)
  return boundMs * (0.5 + random() / 2)
}
