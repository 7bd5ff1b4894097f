import type { Clock } from '../../clock.ts'
import type {
  ChangedEvent,
  ConnectionView,
  DaemonEvent,
  DaemonView,
  LogEntry,
  TrafficSample,
} from '../wire/view.ts'

/** Between two events about what has changed, in milliseconds. */
const gatherMs = 250
/**
 * Entries of a log that wait for one event.
 *
 * @limit log lines told in one event to an open window: the oldest are left out of it
 */
const maxEntriesOfEvent = 500

/** What is told of besides connections; no id has such a character. */
export const shared = { gateways: '@gateways', proxies: '@proxies', notices: '@notices' } as const

/** Tells whoever looks what has changed, a few times a second at most. */
export interface News extends Disposable {
  /** Something about a connection, by its id, or about one of `shared` is another. */
  touch(what: string): void
  entry(entry: LogEntry): void
  samples(samples: Readonly<Record<string, TrafficSample>>): void
  /** Calls back with everything now, and with what changes, until disposed. Must not throw. */
  follow(listener: (event: DaemonEvent) => void): Disposable
  readonly listeners: number
  /** Calls back for each `touch`, also while nobody looks, until disposed. Must not throw. */
  onTouch(listener: () => void): Disposable
}

export interface NewsParts {
  readonly clock: Clock
  view(): DaemonView
  /** Undefined for one that is gone. */
  viewOf(id: string): ConnectionView | undefined
  /** Somebody began to look, or nobody does any more. */
  readonly onListeners: (count: number) => void
}

export function createNews({ clock, view, viewOf, onListeners }: NewsParts): News {
  const listeners = new Set<(event: DaemonEvent) => void>()
  const touchListeners = new Set<() => void>()
  let touched = new Set<string>()
  let entries: LogEntry[] = []
  let timer: Disposable | undefined

  function tell(event: DaemonEvent): void {
    for (const listener of listeners) listener(event)
  }

  function flush(): void {
    timer = undefined
    const [names, lines] = [touched, entries]
    touched = new Set()
    entries = []
    if (names.size > 0) tell(changed(names))
    if (lines.length > 0) tell({ kind: 'log', entries: lines })
  }

  function changed(names: ReadonlySet<string>): ChangedEvent {
    const ids = [...names].filter((name) => !isShared(name))
    const views = ids.map((id) => [id, viewOf(id)] as const)
    const whole = [...names].some(isShared) ? view() : undefined
    return {
      kind: 'changed',
      connections: views.map(([, one]) => one).filter((one) => one !== undefined),
      removed: views.filter(([, one]) => one === undefined).map(([id]) => id),
      ...(whole !== undefined && names.has(shared.gateways) && { gateways: whole.gateways }),
      ...(whole !== undefined && names.has(shared.proxies) && { proxies: whole.proxies }),
      ...(whole !== undefined && names.has(shared.notices) && { notices: whole.notices }),
    }
  }

  /** Nothing is gathered for nobody. */
  function later(): void {
    timer ??= clock.schedule(gatherMs, flush)
  }

  return {
    touch(name) {
      for (const listener of touchListeners) listener()
      if (listeners.size === 0) return
      touched.add(name)
      later()
    },
    entry(entry) {
      if (listeners.size === 0) return
      entries.push(entry)
      if (entries.length > maxEntriesOfEvent) entries.shift()
      later()
    },
    samples(samples) {
      if (listeners.size > 0) tell({ kind: 'traffic', samples })
    },
    follow(listener) {
      listeners.add(listener)
      listener({ kind: 'state', state: view() })
      onListeners(listeners.size)
      return {
        [Symbol.dispose]() {
          if (listeners.delete(listener)) onListeners(listeners.size)
        },
      }
    },
    get listeners() {
      return listeners.size
    },
    onTouch(listener) {
      touchListeners.add(listener)
      return { [Symbol.dispose]: () => void touchListeners.delete(listener) }
    },
    [Symbol.dispose]: () => timer?.[Symbol.dispose](),
  }
}

function isShared(name: string): boolean {
  return Object.values<string>(shared).includes(name)
}
