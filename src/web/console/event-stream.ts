/** What a page reads of an `EventSource`. */
export interface Source {
  readonly readyState: number
  addEventListener(name: string, listener: (event: Event) => void): void
  close(): void
}

/** What is said of a stream of events, one of the gateway's after the other as they end. */
export interface StreamListener {
  /** The stream is there, again where it was there before. */
  readonly begun: (isAgain: boolean) => void
  readonly heard: (name: EventName, data: string) => void
  /** There is no stream now. */
  readonly ended: () => void
  /** There has been none for a while. */
  readonly waiting: () => void
}

export const eventNames = ['missed', 'changed', 'tunnels'] as const
export type EventName = (typeof eventNames)[number]

/** How often the stream is looked after, in milliseconds: a session may have been renewed meanwhile. */
export const lookEveryMs = 5_000
/** While there is no stream, `waiting` is said once in so many looks. */
const looksToWaiting = 3
/**
 * Longest silence of a stream, in milliseconds; the gateway says something every 15 seconds. Of a connection that is dead in the middle
 * the browser knows nothing.
 *
 * @limit none: the page begins the stream anew
 */
export const maxSilenceMs = 40_000

const closed = 2
const open = 1

export interface EventStream {
  /** To be called every `lookEveryMs`. */
  look(): void
  close(): void
}

/** Follows the gateway's events, and begins again where they end for good or nothing is heard of them. */
export function followStream(
  begin: () => Source,
  now: () => number,
  listener: StreamListener,
): EventStream {
  let heardAtMs = now()
  let looks = 0
  let hasBegun = false
  let source = start()

  function start(): Source {
    const made = begin()
    heardAtMs = now()
    /** What a stream that was given up says late is nobody's any more. */
    const hear = (name: string, tell: (data: string) => void): void =>
      made.addEventListener(name, (event) => {
        if (made !== source) return
        heardAtMs = now()
        tell((event as Event & { readonly data: string }).data)
      })
    hear('hello', () => {
      listener.begun(hasBegun)
      hasBegun = true
    })
    hear('quiet', () => undefined)
    for (const name of eventNames) hear(name, (data) => listener.heard(name, data))
    made.addEventListener('error', () => {
      if (made === source) listener.ended()
    })
    return made
  }

  return {
    look() {
      const isSilent = now() - heardAtMs > maxSilenceMs
      if (isSilent && source.readyState !== closed) {
        source.close()
        listener.ended()
      }
      if (source.readyState === open) looks = 0
      else if (++looks % looksToWaiting === 0) listener.waiting()
      if (source.readyState === closed) source = start()
    },
    close: () => source.close(),
  }
}
