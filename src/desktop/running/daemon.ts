import { isDeepStrictEqual } from 'node:util'
import { noGateways } from '../../client/gateways/known-gateway.ts'
import { SystemError } from '../../errors.ts'
import { oneByOne } from '../../one-by-one.ts'
import { version } from '../../version.ts'
import type { DaemonView, GatewayView, LogEntry, Trouble } from '../wire/view.ts'
import { createConnectionLog } from './connection-log.ts'
import type { Daemon, DaemonOptions } from './daemon-types.ts'
import type { GatewayLink } from '../gateways/gateway-link.ts'
import { chosen, isSameWay, notFound, type Kept } from './kept.ts'
import {
  keepAll,
  ledAnew,
  planChange,
  planFile,
  planRead,
  type Around,
  type Change,
  type Plan,
} from './plan.ts'
import { openLinks } from '../gateways/links.ts'
import { createNews, shared } from './news.ts'
import { localAddressOf, runConnection, type RunningConnection } from './running-connection.ts'
import { openRunningProxies } from './running-proxies.ts'
import type { SessionUse } from '../gateways/session-watch.ts'
import { wordsOfSession } from './session-words.ts'
import { createTraffic } from './traffic.ts'
import { damagedFile } from '../gateways/trouble.ts'
import { viewOf } from './connection-view.ts'

/** How often somebody who looks is told anew whether gateways are there, in milliseconds. */
const watchedCheckMs = 15_000

/**
 * Reads the file, and keeps its connections. Nothing is up yet.
 *
 * @throws SystemError `connections-unreadable`
 */
export async function openDaemon(options: DaemonOptions): Promise<Daemon> {
  const { file, clock, whoHolds, platform = process.platform } = options
  const remembered = options.remembered ?? (() => Promise.resolve(noGateways))
  const kept = new Map<string, Kept>()
  const notices = new Map<string, Trouble>()
  /** When bytes of a connection moved last. */
  const usedMs = new Map<string, number>()
  const entryListeners = new Set<(entry: LogEntry) => void>()
  const inTurn = oneByOne()
  const startedAt = new Date(clock.now()).toISOString()
  let watching: Disposable | undefined
  let isEnding = false
  let around: Around = { platform, remembered: await remembered() }

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
    remembered,
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

  /** What is remembered may be another than before: what is not up leads where it says now. */
  async function lookAround(): Promise<void> {
    const now = await remembered()
    if (isDeepStrictEqual(now, around.remembered)) return
    around = { platform, remembered: now }
    for (const [id, before] of kept) {
      const one = ledAnew(before, around)
      if (one === before) continue
      kept.set(id, one)
      news.touch(id)
    }
    news.touch(shared.gateways)
  }

  async function apply(asked: Change | (() => Change)): Promise<readonly string[]> {
    await lookAround()
    const change = typeof asked === 'function' ? asked() : asked
    const plan = planChange(kept, change, around)
    await file.write(plan.own.map(({ saved }) => saved)).catch(takeWritten)
    await take(plan)
    return plan.added
  }

  /** Where somebody else has written the file, that holds from now on; one that cannot be read is kept aside. */
  async function takeWritten(error: unknown): Promise<never> {
    if (error instanceof SystemError && error.code === 'connections-changed') {
      const { connections, damaged } = await file.read()
      if (damaged === undefined) await take(planRead(kept, connections, around))
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
      kept.set(id, ledAnew({ ...one, running: undefined }, around))
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
  for (const one of keepAll(found.connections, around)) kept.set(one.saved.id, one)

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
    remembered,
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
    check: (change) => void planChange(kept, change, around),
    replaceFile: (path, settings) =>
      inTurn(async () => {
        await lookAround()
        const plan = planFile(kept, path, settings, around)
        await take(plan)
        return plan.added
      }),
    up: (ids) =>
      inTurn(async () => {
        await lookAround()
        await start(ids)
      }),
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
