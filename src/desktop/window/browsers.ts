import type { Clock } from '../../clock.ts'
import type { BrowserView } from '../wire/calls.ts'
import { maxBrowsers, type WindowState } from './window-file.ts'

/** How often at most the time of a browser's last use is written, in milliseconds. */
const usedStepMs = 3_600_000

type Browser = WindowState['browsers'][number]

export interface BrowsersOptions {
  readonly known: readonly Browser[]
  readonly save: (browsers: readonly Browser[]) => Promise<void>
  /** Told at once of one that may do nothing any more. */
  readonly onRemoved: (id: string) => void
  /** Told where a time could not be kept, which nobody waits for. */
  readonly onUnsaved: (error: unknown) => void
  readonly clock: Clock
}

/** The browsers that may use the window. What is said here holds at once, and is kept before it is answered. */
export interface Browsers {
  has(id: string): boolean
  /** Notes that one is in use. */
  use(id: string): void
  add(id: string, name: string): Promise<void>
  /** False where there is none. Rejects where it was forgotten, and comes back with the next start. */
  remove(id: string): Promise<boolean>
  list(self?: string): BrowserView[]
}

export function createBrowsers(options: BrowsersOptions): Browsers {
  const { known, save, onRemoved, onUnsaved, clock } = options
  const browsers = new Map(known.map((browser) => [browser.id, browser]))
  const now = (): string => new Date(clock.now()).toISOString()

  function dropOldest(): void {
    const [oldest] = [...browsers.values()].sort(
      (a, b) => Date.parse(a.used_at) - Date.parse(b.used_at),
    )
    if (oldest === undefined || browsers.size < maxBrowsers) return
    browsers.delete(oldest.id)
    onRemoved(oldest.id)
  }

  return {
    has: (id) => browsers.has(id),
    use(id) {
      const browser = browsers.get(id)
      if (browser === undefined) return
      const isDue = Math.abs(clock.now() - Date.parse(browser.used_at)) >= usedStepMs
      if (!isDue) return
      browsers.set(id, { ...browser, used_at: now() })
      save([...browsers.values()]).catch(onUnsaved)
    },
    async add(id, name) {
      if (!browsers.has(id)) dropOldest()
      browsers.set(id, { id, name, added_at: now(), used_at: now() })
      await save([...browsers.values()])
    },
    async remove(id) {
      if (!browsers.delete(id)) return false
      onRemoved(id)
      await save([...browsers.values()])
      return true
    },
    list: (self) =>
      [...browsers.values()].map((browser) => ({ ...browser, is_this: browser.id === self })),
  }
}
