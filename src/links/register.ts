import { systemClock, type Clock } from '../clock.ts'
import { UpstreamError } from '../errors.ts'
import type { NamedTunnels } from '../publish/named-tunnels.ts'
import { createDrainQueue } from './drain-queue.ts'
import type { Link } from './link.ts'
import type { LinkReport } from './link-report.ts'
import type { Links } from './links.ts'

/**
 * How long a connector that did not answer for a stream comes last, in milliseconds: a few of all tunnels find out
 * whether it does again.
 */
const avoidedMs = 30_000

export interface LinkRegisterParts {
  readonly namedTunnels: Pick<NamedTunnels, 'find' | 'byHostname'>
  /** Told of each change of the register. */
  readonly report?: LinkReport | undefined
  /** **Default:** the system's */
  readonly clock?: Clock | undefined
}

/** Keeps the register of connections of connectors. */
export function createLinks({
  namedTunnels,
  report,
  clock = systemClock,
}: LinkRegisterParts): Links {
  const byTunnel = new Map<string, Set<Link>>()
  /** Asked for a sign of life; what each answers says whether one has come. */
  const doubted = new WeakMap<Link, () => boolean>()
  /** Connectors; each until its wait is over. */
  const avoided = new Map<string, Disposable>()
  const isDoubted = (link: Link): boolean => {
    const isThere = doubted.get(link)
    if (isThere?.() === true) doubted.delete(link)
    return doubted.has(link)
  }
  const all = (): Link[] => [...byTunnel.values()].flatMap((links) => [...links])
  const list = (): Link[] => all().sort(inOrder)
  const queue = createDrainQueue(clock, all)

  return {
    add(link) {
      const links = byTunnel.get(link.tunnelId) ?? new Set()
      byTunnel.set(link.tunnelId, links.add(link))
      const ofConnector = (): number =>
        [...links].filter(({ connectorId }) => connectorId === link.connectorId).length
      const reported = report?.added(link, ofConnector())
      return {
        [Symbol.dispose]() {
          if (!links.delete(link)) return
          reported?.removed(ofConnector())
          if (links.size === 0 && byTunnel.get(link.tunnelId) === links) {
            byTunnel.delete(link.tunnelId)
          }
        },
      }
    },
    list,
    toward({ tunnel }, hostname) {
      const named =
        tunnel === undefined ? namedTunnels.byHostname(hostname) : namedTunnels.find(tunnel)
      if (named === undefined) throw unknown(tunnel, hostname)
      const here = [...(byTunnel.get(named.id) ?? [])]
      const ready = here.filter(({ isReady }) => isReady)
      if (ready.length === 0) throw here.length === 0 ? offline(named.name) : notReady(named.name)
      return spread(
        ready,
        (link) => isLastResort(link) || isDoubted(link) || avoided.has(link.connectorId),
      )
    },
    doubt({ tunnelId, connectorId }) {
      for (const link of byTunnel.get(tunnelId) ?? [])
        if (link.connectorId === connectorId) doubted.set(link, link.probe())
    },
    avoid({ connectorId }) {
      avoided.get(connectorId)?.[Symbol.dispose]()
      const over = clock.schedule(avoidedMs, () => void avoided.delete(connectorId))
      avoided.set(connectorId, over)
    },
    end(fits, why) {
      const ended = all().filter((link) => fits(link))
      for (const link of ended) link.end(why)
      return ended
    },
    drain(fits) {
      const drained = list().filter((link) => fits(link))
      for (const link of drained) queue.drain(link)
      return drained
    },
  }
}

/** Least busy first, and one of each connector before a second of any: the next may be on a machine that works. */
function spread(links: readonly Link[], isLast: (link: Link) => boolean): readonly Link[] {
  const turns = new Map<string, number>()
  return links
    .toSorted((a, b) => a.streams - b.streams)
    .map((link) => {
      const last = isLast(link)
      const among = `${last} ${link.connectorId}`
      const turn = turns.get(among) ?? 0
      turns.set(among, turn + 1)
      return { link, turn, isLast: last }
    })
    .sort((a, b) => Number(a.isLast) - Number(b.isLast) || a.turn - b.turn)
    .map(({ link }) => link)
}

function isLastResort({ isFull = false, isSilent = false }: Link): boolean {
  return isFull || isSilent
}

function inOrder(a: Link, b: Link): number {
  return (
    a.tunnelId.localeCompare(b.tunnelId) ||
    a.connectorId.localeCompare(b.connectorId) ||
    a.connIndex - b.connIndex
  )
}

function unknown(tunnel: string | undefined, hostname: string): UpstreamError {
  return new UpstreamError(
    'connector-unknown',
    tunnel === undefined
      ? `no tunnel has registered the name "${hostname}"`
      : `there is no tunnel "${tunnel}"`,
  )
}

function offline(name: string): UpstreamError {
  return new UpstreamError('connector-offline', `no connector of the tunnel "${name}" is connected`)
}

function notReady(name: string): UpstreamError {
  const message = `no connector of the tunnel "${name}" takes further streams now`
  return new UpstreamError('connector-not-ready', message)
}

/** The codes of the errors for a tunnel without any connector, and where no tunnel is meant. */
export const connectorAway: ReadonlySet<string> = new Set([
  'connector-offline',
  'connector-unknown',
])
