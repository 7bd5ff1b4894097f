import type { Fault } from '../../desktop/wire/calls.ts'
import type { DaemonEvent } from '../../desktop/wire/view.ts'
import { parseFault } from './parse-fault.ts'
import { linesOf } from './event-lines.ts'

/** A fault is what the daemon, or this page, says of a browser that may not ask. */
export type StreamEnd = 'lost' | Fault

/** What becomes of the daemon's stream of events. */
export interface EventListener {
  readonly heard: (event: DaemonEvent) => void
  /** There is no stream now: nobody answers, or this browser may not ask, and why. */
  readonly ended: (why: StreamEnd) => void
}

/** Times in milliseconds. */
export interface StreamTimes {
  /** Longest silence; the daemon says something every 15 seconds. */
  readonly silenceMs: number
  readonly firstRetryMs: number
  readonly lastRetryMs: number
}

/** @limit none: the page begins the stream anew */
const maxSilenceMs = 40_000

const usualTimes: StreamTimes = {
  silenceMs: maxSilenceMs,
  firstRetryMs: 500,
  lastRetryMs: 5_000,
}

export interface EventStream {
  /** Tries again at once where it waits. */
  hurry(): void
  close(): void
}

/** Follows the daemon's events, one stream after the other as they end, until it is closed. */
export function followEvents(
  open: (signal: AbortSignal) => Promise<Response>,
  listener: EventListener,
  times: StreamTimes = usualTimes,
): EventStream {
  const closing = new AbortController()
  let endWait: () => void = () => undefined

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      endWait = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  const run = async (): Promise<void> => {
    let retryMs = times.firstRetryMs
    while (!closing.signal.aborted) {
      const end = await listen(open, closing.signal, times.silenceMs, (event) => {
        retryMs = times.firstRetryMs
        listener.heard(event)
      })
      if (closing.signal.aborted) return
      listener.ended(end)
      await wait(retryMs)
      retryMs = Math.min(retryMs * 2, times.lastRetryMs)
    }
  }
  void run()
  return {
    hurry: () => endWait(),
    close() {
      closing.abort()
      endWait()
    },
  }
}

/** Hears one stream to its end; never rejects. */
async function listen(
  open: (signal: AbortSignal) => Promise<Response>,
  closing: AbortSignal,
  silenceMs: number,
  heard: (event: DaemonEvent) => void,
): Promise<StreamEnd> {
  const silence = new AbortController()
  const isSilent = (): void => silence.abort()
  let timer = setTimeout(isSilent, silenceMs)
  try {
    const response = await open(AbortSignal.any([closing, silence.signal]))
    if (isRefusal(response.status)) return parseFault(await response.text(), response.status)
    if (!response.ok || response.body === null) return 'lost'
    for await (const line of linesOf(response.body)) {
      clearTimeout(timer)
      timer = setTimeout(isSilent, silenceMs)
      if (closing.aborted) break
      heard(JSON.parse(line) as DaemonEvent)
    }
  } catch {
    // Nobody answers, the stream was cut, or it is not the daemon who speaks.
  } finally {
    clearTimeout(timer)
  }
  return 'lost'
}

/** The daemon does not know this browser, or has enough of it for now. */
function isRefusal(status: number): boolean {
  return status === 401 || status === 403 || status === 429
}
