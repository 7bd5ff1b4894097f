import { SystemError } from '../../errors.ts'
import { oneByOne } from '../../one-by-one.ts'
import type { Closable } from '../../shutdown.ts'
import { version } from '../../version.ts'
import type { LocalAddress } from '../../client/serve/listen-address.ts'
import type { ConnectionsFile } from '../connections/connections-file.ts'
import type { Which } from '../wire/calls.ts'
import type { ConnectionSettings } from '../wire/connection.ts'
import type {
  ConnectionView,
  DaemonEvent,
  DaemonView,
  GatewayView,
  LogEntry,
  ProxyView,
  TrafficSample,
  Trouble,
} from '../wire/view.ts'
import { createConnectionLog } from './connection-log.ts'
import type { GatewayLink, Surroundings } from '../gateways/gateway-link.ts'
import { chosen, isSameWay, notFound, type Kept } from './kept.ts'
import { keepAll, planChange, planFile, planRead, type Change, type Plan } from './plan.ts'
import { openLinks, type Links } from '../gateways/links.ts'
import { createNews, shared } from './news.ts'
import { localAddressOf, runConnection, type RunningConnection } from './running-connection.ts'
import { openRunningProxies, type WantedProxy } from './running-proxies.ts'
import type { SessionUse } from '../gateways/session-watch.ts'
import { wordsOfSession } from './session-words.ts'
import { createTraffic } from './traffic.ts'
import { damagedFile } from '../gateways/trouble.ts'
import { viewOf } from './connection-view.ts'

export interface DaemonOptions extends Surroundings {
  readonly file: ConnectionsFile
  /** Makes a sentence of who holds an address that could not be had; undefined where nobody knows. */
  readonly whoHolds: (listen: LocalAddress) => Promise<string | undefined>
  /** Shows a person what they have to see to, whether or not they look at the window. Must not throw. */
  readonly tellPerson: (message: string, hint: string | undefined) => void
  readonly pid: number
  readonly platform?: NodeJS.Platform
}

/** What changes a person's connections, and brings them up and down. */
export interface Daemon extends Closable {
  view(): DaemonView
  viewOf(id: string): ConnectionView
  find(id: string): Kept
  all(): readonly Kept[]
  /** Those that are meant, in their order; `PeerError` `connection-not-found` for a name that is none's. */
  which(which: Which): readonly Kept[]
  logOf(id: string): readonly LogEntry[]
  /** Of all connections, oldest first. */
  wholeLog(): readonly LogEntry[]
  trafficOf(id: string): readonly TrafficSample[]
  readonly links: Links
  follow(listener: (event: DaemonEvent) => void): Disposable
  /** Calls back whenever `view()` may say something else, until disposed: nobody counts as looking for it. Must not throw. */
  onChange(listener: () => void): Disposable
  /** Calls back for each line of a log, until disposed. Must not throw. */
  onEntry(listener: (entry: LogEntry) => void): Disposable
  /** Whether nothing is up and nobody looks. */
  readonly isIdle: boolean
  /** Tells of something in the connection's log, unless it was removed meanwhile. */
  note(connection: string, entry: Omit<LogEntry, 'number' | 'at' | 'connection'>): void
  /** Something that a person should know; the one with the same code is replaced. */
  notice(trouble: Trouble): void
  /**
   * Adds, replaces and removes in one step, as the file is written. What follows from the connections there are is a
   * function, called when those before it are done.
   *
   * @throws ConfigError with a fault's `path` at each key; SystemError `connections-…`
   */
  change(change: Change | (() => Change)): Promise<readonly string[]>
  /** Throws what `change` would. */
  check(change: Change): void
  /** Makes those of a YAML file what it says now; an empty list takes them away. */
  replaceFile(file: string, settings: readonly ConnectionSettings[]): Promise<readonly string[]>
  /** Brings connections up; resolves when each has listened or failed to. */
  up(ids: readonly string[]): Promise<void>
  down(ids: readonly string[]): Promise<void>
  /**
   * Opens a local proxy to a gateway; one at the same address makes room.
   *
   * @throws SystemError `address-in-use`, `proxy-open-to-others`, `certificate-unreadable`, …
   */
  openProxy(wanted: WantedProxy): Promise<ProxyView>
  /** Closes all local proxies; answers their addresses. */
  closeProxies(): Promise<readonly string[]>
  /** Asks every gateway again, on new connections: the machine slept, or its network is another. */
  lookAgain(why: string): Promise<void>
}

/** How often somebody who looks is told anew whether gateways are there, in milliseconds. */
const watchedCheckMs = 15_000

/**
 * Reads the file, and keeps its connections. Nothing is up yet.
 *
 * @throws SystemError `connections-unreadable`
 */
export async function openDaemon(options: DaemonOptions): Promise<Daemon> {
  const { file, clock, whoHolds, platform = process.platform } = options
  const kept = new Map<string, Kept>()
  const notices = new Map<string, Trouble>()
  /** When bytes of a connection moved last. */
  const usedMs = new Map<string, number>()
  const entryListeners = new Set<(entry: LogEntry) => void>()
  const inTurn = oneByOne()
  const startedAt = new Date(clock.now()).toISOString()
  let watching: Disposable | undefined
  let isEnding = false

  const log = createConnectionLog(
    () => clock.now(),
    (entry) => {
      news.entry(entry)
      for (const listener of entryListeners) listener(entry)
    },
  )
  const news = createNews({
    clock,
    view,
    viewOf: (id) => {
      const found = kept.get(id)
      return found && viewOf(found)
    },
    onListeners: (count) => {
      if (count === 0) {
        watching?.[Symbol.dispose]()
        watching = undefined
      } else if (watching === undefined) {
        // What was known when somebody looked last may be hours old.
        checkAll()
        watch()
      }
    },
  })
  const traffic = createTraffic({
    clock,
    counts: () => new Map(running().map(({ saved, running }) => [saved.id, running.bytes])),
    isMoving: () => running().some(({ running: { tunnels } }) => tunnels > 0),
    onSamples: (samples) => {
      news.samples(samples)
      for (const id of Object.keys(samples)) {
        usedMs.set(id, clock.now())
        news.touch(id)
      }
    },
  })
  const proxies = openRunningProxies({
    clock,
    log: options.log,
    onChange: () => news.touch(shared.proxies),
    whoHolds,
    take: (gateway, trust) => links.take(gateway, trust),
  })
  const links = openLinks({
    surroundings: options,
    onChange(link) {
      news.touch(shared.gateways)
      for (const { running, checked } of kept.values())
        if (checked?.destination?.gateway.origin === link.view.origin) running?.gatewayChanged()
    },
    isWanted,
    use: useOf,
    onSession(link, news) {
      const words = wordsOfSession(news, link.view.origin, clock.now())
      const users = usersOf(link)
      for (const { saved } of users) log.add({ ...words, connection: saved.id })
      if (users.length > 0 && words.level === 'warn') options.tellPerson(words.message, words.hint)
    },
  })

  function useOf(link: GatewayLink): SessionUse {
    const users = usersOf(link)
    const byProxy = proxies.useOf(link)
    const times = [...users.map(({ saved }) => usedMs.get(saved.id)), byProxy.lastMs].filter(
      (ms) => ms !== undefined,
    )
    return {
      connections: users.length + byProxy.proxies,
      tunnels: users.reduce((sum, { running }) => sum + (running?.tunnels ?? 0), byProxy.tunnels),
      lastMs: times.length === 0 ? undefined : Math.max(...times),
    }
  }

  function running(): readonly (Kept & { readonly running: RunningConnection })[] {
    return [...kept.values()].flatMap((one) =>
      one.running === undefined ? [] : [{ ...one, running: one.running }],
    )
  }

  function usersOf(link: GatewayLink): readonly Kept[] {
    const { origin } = link.view
    return running().filter(({ running: one, checked }) =>
      // One that is on its way to its link may be about to have this one.
      one.link === undefined ? checked?.destination?.gateway.origin === origin : one.link === link,
    )
  }

  function isWanted(link: GatewayLink): boolean {
    return news.listeners > 0 || usersOf(link).length > 0 || proxies.useOf(link).proxies > 0
  }

  function gatewayViews(): readonly GatewayView[] {
    const known = links.views()
    const origins = new Set(
      [...kept.values()].flatMap(({ checked }) => checked?.destination?.gateway.origin ?? []),
    )
    const others = [...origins].filter((origin) => !known.some((view) => view.origin === origin))
    return [
      ...known,
      ...others.map((origin) => ({ origin, reach: 'unknown', session: 'unknown' }) as const),
    ]
  }

  function view(): DaemonView {
    return {
      version,
      pid: options.pid,
      started_at: startedAt,
      connections: [...kept.values()].map((one) => viewOf(one)),
      gateways: gatewayViews(),
      proxies: proxies.views(),
      notices: [...notices.values()],
    }
  }

  function checkAll(): void {
    for (const link of links.all()) void link.check()
  }

  /** While somebody looks, what is shown is asked for from time to time. */
  function watch(): void {
    watching ??= clock.schedule(watchedCheckMs, () => {
      watching = undefined
      if (isEnding) return
      checkAll()
      if (news.listeners > 0) watch()
    })
  }

  function find(id: string): Kept {
    const found = kept.get(id)
    if (found === undefined) throw notFound(id)
    return found
  }

  async function apply(asked: Change | (() => Change)): Promise<readonly string[]> {
    const change = typeof asked === 'function' ? asked() : asked
    const plan = planChange(kept, change, platform)
    await file.write(plan.own.map(({ saved }) => saved)).catch(takeWritten)
    await take(plan)
    return plan.added
  }

  /** Where somebody else has written the file, that holds from now on; one that cannot be read is kept aside. */
  async function takeWritten(error: unknown): Promise<never> {
    if (error instanceof SystemError && error.code === 'connections-changed') {
      const { connections, damaged } = await file.read()
      if (damaged === undefined) await take(planRead(kept, connections, platform))
      else notice(damagedFile(damaged, clock.now()))
    }
    throw error
  }

  /** What is written holds from now on; one that was up stays so, with what it is now. */
  async function take({ next, removed, replaced }: Plan): Promise<void> {
    const restart = replaced.filter(({ saved }) => kept.get(saved.id)?.running !== undefined)
    const unchanged = restart.filter((one) => isSameWay(one, find(one.saved.id)))
    const anew = restart.filter((one) => !unchanged.includes(one)).map(({ saved }) => saved.id)
    const closing = [...removed, ...anew].map((id) => kept.get(id)?.running?.close(0))
    for (const [id, one] of next) {
      const before = kept.get(id)
      const goesOn = before !== undefined && (one === before || unchanged.includes(one))
      kept.set(id, goesOn ? { ...one, running: before.running } : one)
      if (one !== before) news.touch(id)
    }
    for (const id of removed) {
      kept.delete(id)
      traffic.forget(id)
      usedMs.delete(id)
      news.touch(id)
    }
    news.touch(shared.gateways)
    await Promise.all(closing.filter((it) => it !== undefined))
    // Their ends have been told of by now.
    for (const id of removed) log.forget(id)
    await start(anew)
    sweep()
  }

  function sweep(): void {
    links.sweep(isWanted)
  }

  async function start(ids: readonly string[]): Promise<void> {
    const tried = ids.map((id) => {
      const one = find(id)
      if (one.running !== undefined) return one.running.tried
      const { destination, unsupported } = one.checked ?? {}
      if (destination === undefined || unsupported !== undefined || isEnding) return undefined
      const started = runConnection({
        destination,
        listen: localAddressOf(one.address),
        link: () => links.take(destination.gateway, one.saved),
        clock,
        log: (entry) => log.add({ ...entry, connection: id }),
        onChange() {
          news.touch(id)
          traffic.wake()
        },
        whoHolds,
      })
      kept.set(id, { ...one, running: started })
      news.touch(id)
      return started.tried
    })
    await Promise.all(tried.filter((it) => it !== undefined))
  }

  async function stop(ids: readonly string[]): Promise<void> {
    const closing = ids.map((id) => {
      const one = find(id)
      kept.set(id, { ...one, running: undefined })
      news.touch(id)
      return one.running?.close(0)
    })
    await Promise.all(closing.filter((it) => it !== undefined))
    sweep()
  }

  function notice(trouble: Trouble): void {
    notices.set(trouble.code, trouble)
    news.touch(shared.notices)
  }

  const found = await file.read()
  if (found.damaged !== undefined) notice(damagedFile(found.damaged, clock.now()))
  for (const one of keepAll(found.connections, platform)) kept.set(one.saved.id, one)

  return {
    view,
    viewOf: (id) => viewOf(find(id)),
    find,
    all: () => [...kept.values()],
    which: (which) => chosen([...kept.values()], which),
    logOf: (id) => log.of(find(id).saved.id),
    wholeLog: () => log.all(),
    trafficOf: (id) => traffic.of(find(id).saved.id),
    links,
    follow: (listener) => news.follow(listener),
    onChange: (listener) => news.onTouch(listener),
    onEntry(listener) {
      entryListeners.add(listener)
      return { [Symbol.dispose]: () => void entryListeners.delete(listener) }
    },
    get isIdle() {
      return news.listeners === 0 && running().length === 0 && proxies.views().length === 0
    },
    note(connection, entry) {
      if (kept.has(connection)) log.add({ ...entry, connection })
    },
    notice,
    change: (change) => inTurn(() => apply(change)),
    check: (change) => void planChange(kept, change, platform),
    replaceFile: (path, settings) =>
      inTurn(async () => {
        const plan = planFile(kept, path, settings, platform)
        await take(plan)
        return plan.added
      }),
    up: (ids) => inTurn(() => start(ids)),
    down: (ids) => inTurn(() => stop(ids)),
    openProxy: (wanted) => inTurn(() => proxies.open(wanted).finally(sweep)),
    closeProxies: () => inTurn(() => proxies.close(0).finally(sweep)),
    async lookAgain(why) {
      for (const { saved } of running())
        log.add({ connection: saved.id, level: 'info', message: why })
      const asked = links.all().map((link) => {
        link.client.leaveConnections()
        return link.check()
      })
      await Promise.all(asked)
    },
    async close(graceMs) {
      isEnding = true
      watching?.[Symbol.dispose]()
      news[Symbol.dispose]()
      traffic[Symbol.dispose]()
      await inTurn(() => Promise.resolve())
      const ended = running().map(({ running: one }) => one.close(graceMs))
      await Promise.all([...ended, proxies.close(graceMs)])
      await links.destroy()
    },
  }
}
