// What was written to a receiver that answers nothing, as syslog does: it counts as taken once the receiver's host
// has acknowledged it and the connection has stood for a while since. A receiver that is closed or lost sooner gets
// it once more.
import type { Clock } from '../../clock.ts'
import { findRow, sendingOf } from '../../net/proc-tcp.ts'

export interface Unconfirmed {
  /** So many bytes more were written just now. */
  add(bytes: number): Promise<void>
  /** All of it was taken: the receiver has ended in order after it. */
  confirm(): void
  /** None of it can be counted on. */
  fail(error: Error): void
}

export interface UnconfirmedOptions {
  readonly clock: Clock
  readonly rowKeys: readonly string[]
  /** The receiver's host acknowledges nothing, or its program reads nothing. */
  onStalled(): void
}

/** How long a connection has to stand after a write, and how often it is looked at, in milliseconds. */
const confirmAfterMs = 5_000
/** @limit time in which a receiver of audit records acknowledges nothing of what was sent: the connection is made anew */
const stallTimeoutMs = 60_000

interface Write {
  readonly atMs: number
  /** All bytes up to its last. */
  readonly mark: number
  resolve(): void
  reject(error: Error): void
}

export function createUnconfirmed({ clock, rowKeys, onStalled }: UnconfirmedOptions): Unconfirmed {
  let writes: Write[] = []
  let written = 0
  let due: Disposable | undefined

  function lookLater(): void {
    due ??= clock.schedule(confirmAfterMs, () => {
      due = undefined
      void look()
    })
  }

  async function look(): Promise<void> {
    const [nowMs, total] = [clock.now(), written]
    const row = await findRow(rowKeys)
    // Where there are no such tables, what the system took counts as acknowledged.
    const unacknowledged = row === undefined ? 0 : sendingOf(row).unacknowledged
    // Nobody waits for an hour because the clock was set back by one.
    const ageMs = ({ atMs }: Write): number => Math.abs(nowMs - atMs)
    const isTaken = (write: Write): boolean =>
      ageMs(write) >= confirmAfterMs && unacknowledged <= total - write.mark
    // Ciphertext is longer than what was written: fewer bytes than were written since are certainly since.
    const taken = writes.filter(isTaken)
    writes = writes.filter((write) => !isTaken(write))
    for (const { resolve } of taken) resolve()
    const [oldest] = writes
    if (oldest === undefined) return
    if (ageMs(oldest) >= stallTimeoutMs) onStalled()
    else lookLater()
  }

  function settle(how: (write: Write) => void): void {
    due?.[Symbol.dispose]()
    due = undefined
    const settled = writes
    writes = []
    for (const write of settled) how(write)
  }

  return {
    add(bytes) {
      written += bytes
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      writes.push({ atMs: clock.now(), mark: written, resolve, reject })
      lookLater()
      promise.catch(() => undefined)
      return promise
    },
    confirm: () => settle(({ resolve }) => resolve()),
    fail: (error) => settle(({ reject }) => reject(error)),
  }
}
