import { formatAuthority, isSameAuthority } from '../../address.ts'
import type { Clock } from '../../clock.ts'
import { AccessError, AppError, SystemError } from '../../errors.ts'
import type { LogFields, Logger } from '../../log.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import type { TunnelOpener } from '../../client/serve/connection.ts'
import type { LocalAddress } from '../../client/serve/listen-address.ts'
import type { ProxyPassword } from '../proxy/proxy-password.ts'
import { startLocalProxy, type LocalProxy, type ProxyEvent } from '../proxy/local-proxy.ts'
import type { Bytes, ProxyView } from '../wire/view.ts'
import type { GatewayLink } from '../gateways/gateway-link.ts'
import type { Links, TrustSettings } from '../gateways/links.ts'
import { admitOwnUser } from './own-user.ts'
import { troubleOf } from '../gateways/trouble.ts'

export interface RunningProxiesParts {
  readonly clock: Clock
  readonly log: Logger
  /** Told when a proxy is shown as another. */
  readonly onChange: () => void
  /** Makes a sentence of who holds an address that could not be had; undefined where nobody knows. */
  readonly whoHolds: (listen: LocalAddress) => Promise<string | undefined>
  /** As `Links.take`. */
  readonly take: Links['take']
}

/** A local proxy, and how its gateway is trusted. */
export interface WantedProxy {
  readonly listen: LocalAddress
  readonly gateway: GatewayAddress
  readonly trust: TrustSettings
  /** Undefined for a Unix socket. */
  readonly password: ProxyPassword | undefined
}

/** How much proxies use a gateway. */
export interface ProxyUse {
  readonly proxies: number
  readonly tunnels: number
  /** When bytes flowed last, in milliseconds since the epoch. */
  readonly lastMs: number | undefined
}

/** The local proxies of a daemon. */
export interface RunningProxies {
  /**
   * Opens one; what was open at the same address makes room.
   *
   * @throws SystemError `address-in-use`, `proxy-open-to-others`, …
   */
  open(wanted: WantedProxy): Promise<ProxyView>
  views(): readonly ProxyView[]
  useOf(link: GatewayLink): ProxyUse
  /** Closes all of them; answers their addresses. */
  close(graceMs: number): Promise<readonly string[]>
}

interface Counts {
  readonly link: GatewayLink
  readonly live: Map<number, Bytes>
  readonly ended: { up: number; down: number }
  /** All bytes, when they were last looked at. */
  seenBytes: number
}

interface Running extends Counts {
  readonly proxy: LocalProxy
  readonly wanted: WantedProxy
}

/** While bytes flow, how often they are told, in milliseconds. */
const tellIntervalMs = 2_000
/** Of each kind of connection that is turned away one is told in so long, in milliseconds: a page can make many. */
const turnedAwayQuietMs = 60_000

/** Makes a set of proxies that is empty. */
export function openRunningProxies(parts: RunningProxiesParts): RunningProxies {
  const { clock, log, onChange, whoHolds } = parts
  const running = new Map<string, Running>()
  const quietUntilMs = new Map<string, number>()
  const usedMs = new WeakMap<GatewayLink, number>()
  let telling: Disposable | undefined

  async function open(wanted: WantedProxy): Promise<ProxyView> {
    const { listen, gateway, trust, password } = wanted
    const link = await parts.take(gateway, trust)
    const key = JSON.stringify(listen)
    await running.get(key)?.proxy.close(0)
    running.delete(key)
    const counts: Counts = { link, live: new Map(), ended: { up: 0, down: 0 }, seenBytes: 0 }
    const admission = await admitOwnUser(listen, (error) => {
      const { code, message } = troubleOf(error, clock.now())
      log.warn(message, { code, hint: 'other users of this machine can connect as well' })
    })
    const proxy = await startLocalProxy({
      listen,
      password,
      admission,
      client: notToItself(link.client, gateway),
      report: (event) => report(event, counts),
    }).catch(async (error: unknown) => {
      throw await explained(error, listen)
    })
    const one: Running = Object.assign(counts, { proxy, wanted })
    running.set(key, one)
    log.info(`the local proxy to ${gateway.origin} listens on ${proxy.address}`)
    onChange()
    void link.check()
    return viewOf(one)
  }

  function report(event: ProxyEvent, { link, live, ended }: Counts): void {
    if (event.kind === 'turned-away') return sayTurnedAway(event)
    const { id, peer, authority, bytes } = event.connection
    const fields: LogFields = { peer, authority }
    if (event.kind === 'connected' || event.kind === 'ended') usedMs.set(link, clock.now())
    if (event.kind === 'connected') {
      live.set(id, bytes)
      link.heardWell()
      log.debug(`the local proxy connects ${peer} to "${authority}"`, fields)
      tellOn()
    }
    if (event.kind === 'ended') {
      live.delete(id)
      ended.up += event.ended.bytesUp
      ended.down += event.ended.bytesDown
    }
    const error = event.kind === 'failed' || event.kind === 'ended' ? event.error : undefined
    if (error !== undefined) {
      // What leads to the gateway itself was never asked of it.
      if (!isOwn(error)) link.heard(error)
      const { code, message, hint, request_id: requestId } = troubleOf(error, clock.now())
      log.warn(`the local proxy: ${message}`, { ...fields, code, hint, 'request-id': requestId })
    }
    onChange()
  }

  function sayTurnedAway({ peer, error }: ProxyEvent & { kind: 'turned-away' }): void {
    const { code, message, hint } = error
    if ((quietUntilMs.get(code) ?? 0) > clock.now()) return
    quietUntilMs.set(code, clock.now() + turnedAwayQuietMs)
    log.warn(`the local proxy turned ${peer} away: ${message}`, { peer, code, hint })
  }

  /** For as long as a tunnel is open. */
  function tellOn(): void {
    telling ??= clock.schedule(tellIntervalMs, () => {
      telling = undefined
      for (const one of running.values()) {
        const { up, down } = bytesOf(one)
        if (up + down !== one.seenBytes) usedMs.set(one.link, clock.now())
        one.seenBytes = up + down
        if (one.live.size > 0) tellOn()
      }
      onChange()
    })
  }

  async function explained(error: unknown, listen: LocalAddress): Promise<unknown> {
    if (!(error instanceof AppError) || error.code !== 'address-in-use') return error
    const who = await whoHolds(listen)
    if (who === undefined) return error
    return new SystemError(error.code, who, { hint: error.hint, cause: error })
  }

  return {
    open,
    views: () => [...running.values()].map(viewOf),
    useOf(link) {
      const users = [...running.values()].filter((one) => one.link === link)
      return {
        proxies: users.length,
        tunnels: users.reduce((sum, { live }) => sum + live.size, 0),
        lastMs: usedMs.get(link),
      }
    },
    async close(graceMs) {
      const closing = [...running.values()].map(({ proxy }) => proxy)
      running.clear()
      telling?.[Symbol.dispose]()
      telling = undefined
      await Promise.all(closing.map((proxy) => proxy.close(graceMs)))
      for (const { address } of closing) log.info(`no local proxy on ${address} any more`)
      if (closing.length > 0) onChange()
      return closing.map(({ address }) => address)
    },
  }
}

const ownGateway = 'own-gateway'

function isOwn(error: unknown): boolean {
  return error instanceof AppError && error.code === ownGateway
}

/** Whoever is told to reach the gateway through this proxy, such as this very process, would wait for itself. */
function notToItself(client: TunnelOpener, gateway: GatewayAddress): TunnelOpener {
  return {
    learnFate: (tunnel, cause) => client.learnFate(tunnel, cause),
    async open(authority, signal) {
      if (!isSameAuthority(authority, formatAuthority(gateway)))
        return client.open(authority, signal)
      throw new AccessError(ownGateway, `"${authority}" is the gateway of the local proxy itself`, {
        hint: `put "${gateway.host}" into NO_PROXY: it is reached without the local proxy`,
      })
    },
  }
}

function bytesOf({ live, ended }: Counts): Bytes {
  const sum = { ...ended }
  for (const { up, down } of live.values()) {
    sum.up += up
    sum.down += down
  }
  return sum
}

function viewOf(one: Running): ProxyView {
  const { gateway, password } = one.wanted
  return {
    address: one.proxy.address,
    gateway: gateway.origin,
    ...(password !== undefined && { user: password.user }),
    tunnels: one.live.size,
    bytes: bytesOf(one),
  }
}
