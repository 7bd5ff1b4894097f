import type { PresentSignIn } from './browser-sign-in.ts'

/**
 * A program that connects again and again to a local port, with nobody at the screen, would fill the
 * browser with tabs: after one that nobody answered the address is only shown for a while.
 *
 * @limit tabs that one client opens for sign-ins nobody answers: one in 30 minutes; the address is shown
 */
const tabIntervalMs = 30 * 60_000

export interface SparingTabs {
  readonly present: PresentSignIn
  /** Somebody is there: the next sign-in may open a tab. */
  answered(): void
}

/** `nowMs` is monotonic: changes of the wall clock do not move it. */
export function sparingTabs(
  present: PresentSignIn,
  nowMs: () => number = () => performance.now(),
): SparingTabs {
  let openedAtMs = -Infinity
  return {
    present(url, tab, onFailed) {
      const isTooSoon = nowMs() - openedAtMs < tabIntervalMs
      if (tab === 'open' && !isTooSoon) openedAtMs = nowMs()
      present(url, tab === 'open' && isTooSoon ? 'none' : tab, onFailed)
    },
    answered: () => void (openedAtMs = -Infinity),
  }
}
