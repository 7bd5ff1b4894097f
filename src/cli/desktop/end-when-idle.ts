import type { Clock } from '../../clock.ts'

/** How long a daemon that was started on demand stays with nothing to do, in milliseconds: as long as a code of the window. */
const idleMs = 60_000

export interface IdleParts {
  readonly clock: Clock
  /** Whether nothing is up and nobody looks. */
  readonly isIdle: () => boolean
  readonly end: () => void
}

/** Looks whether a daemon is still needed, until disposed. */
export interface IdleWatch extends Disposable {
  /** Somebody has asked for something: a browser that was just started may come for it in a while. */
  asked(): void
}

/** Ends what was idle, and was asked for nothing, in two looks in a row. */
export function endWhenIdle({ clock, isIdle, end }: IdleParts): IdleWatch {
  let idleLooks = 0
  let isAsked = false
  let timer = arm()

  function arm(): Disposable {
    return clock.schedule(idleMs / 2, () => {
      idleLooks = isIdle() && !isAsked ? idleLooks + 1 : 0
      isAsked = false
      if (idleLooks >= 2) return end()
      timer = arm()
    })
  }

  return {
    asked() {
      isAsked = true
    },
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  }
}
