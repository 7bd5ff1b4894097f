import type { Clock } from '../../clock.ts'
import type { Logger } from '../../log.ts'
import type { GatewayCounts, SampleBatch, SampleKeeper } from './sample-batch.ts'
import type { SampleCounts } from './sample-counts.ts'

export interface KeepSamplesOptions {
  readonly counts: SampleCounts
  readonly keeper: SampleKeeper
  readonly clock: Clock
  readonly logger: Logger
  /** How many there are now. */
  countNow(): Promise<Pick<GatewayCounts, 'sessions' | 'connectors'>>
}

export interface KeptSamples {
  /** Keeps what was counted since the last minute, and ends; called again it is the same call. */
  close(): Promise<void>
}

const minuteMs = 60_000
/** @limit minutes of the console's pictures that wait for a database which does not answer: the oldest are left out */
const maxWaiting = 60

/**
 * Keeps what was counted, a batch for each minute of the clock: at its end, and for the last one when it is
 * closed. What could not be kept is tried again with the next.
 */
export function keepSamples(options: KeepSamplesOptions): KeptSamples {
  const { counts, keeper, clock, logger, countNow } = options
  const waiting: SampleBatch[] = []
  let isFailing = false
  let keeping: Promise<void> = Promise.resolve()
  let due = atNextMinute()

  function atNextMinute(): Disposable {
    return clock.schedule(minuteMs - (clock.now() % minuteMs), () => {
      due = atNextMinute()
      // The minute that has just ended.
      keep(clock.now() - 1)
    })
  }

  function keep(atMs: number): void {
    keeping = keeping.then(() => keepNow(atMs))
  }

  async function keepNow(atMs: number): Promise<void> {
    try {
      waiting.push(counts.take(atMs, await countNow()))
      if (waiting.length > maxWaiting) waiting.shift()
      for (let [first] = waiting; first !== undefined; [first] = waiting) {
        await keeper.add(first)
        waiting.shift()
      }
      if (isFailing) logger.info('figures for the console are kept again')
      isFailing = false
    } catch (error) {
      if (!isFailing) logger.warn('figures for the console cannot be kept', { error })
      isFailing = true
    }
  }

  let closing: Promise<void> | undefined
  return {
    close() {
      due[Symbol.dispose]()
      if (closing === undefined) keep(clock.now())
      return (closing ??= keeping)
    },
  }
}
