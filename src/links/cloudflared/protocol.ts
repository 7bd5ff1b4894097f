import type { Clock } from '../../clock.ts'
import { createLineLimit } from '../../line-limit.ts'
import type { Logger } from '../../log.ts'
import { createFloodWatch } from '../../net/http2-flood.ts'
import type { PortProtocol } from '../../port/peers/port-protocol.ts'
import type { NamedTunnel, NamedTunnels } from '../../publish/named-tunnels.ts'
import type { Links } from '../links.ts'
import type { RefusalLog } from '../refusal-log.ts'
import { createUnregistered, maxUnregisteredStock } from '../unregistered.ts'
import { serveConnection, type Judgement } from './connection.ts'
import type { CloudflaredLink, SharedRules } from './link.ts'
import type { Registration } from './registration.ts'
import { connectionWindowBytes } from './session.ts'
import type { NamedService } from './unserved.ts'
import { connectorServerName } from './server-names.ts'
import { parseServices } from '../../publish/pushed-services.ts'
import { isTunnelSecret } from '../../publish/tunnel-secret.ts'

/**
 * Connections of one named tunnel's stock connectors: 25 of them with four each.
 *
 * @limit connections of the stock connectors of one named tunnel: further ones are dropped, and try again
 */
const maxConnections = 100
/** @limit log lines a minute about stock connectors that break off before they are registered: one line counts the rest */
const maxLinesPerMinute = 20

export interface CloudflaredParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly namedTunnels: Pick<NamedTunnels, 'admit' | 'onChanged' | 'onEnded'>
  readonly links: Pick<Links, 'add'>
  /** What the gateway calls itself in a connector's log. */
  readonly location: string
  readonly refusalLog: RefusalLog
  /** What routes have the connectors of a tunnel dial by name, now. */
  namedServices(tunnel: NamedTunnel): readonly NamedService[]
  /** Counts a refusal. */
  onRefused(code: string): void
}

/** What stock connectors speak on the port. */
export function createCloudflaredProtocol(parts: CloudflaredParts): PortProtocol {
  const { clock, logger, namedTunnels, links, location, refusalLog } = parts
  const floods = createFloodWatch({ underWayBytes: connectionWindowBytes })
  const unregistered = createUnregistered(maxUnregisteredStock)
  const brokenOff = createLineLimit(clock, maxLinesPerMinute, (connectors) =>
    logger.warn('more connectors break off', { connectors }),
  )
  const listed = new Map<CloudflaredLink, Disposable>()
  let isAccepting = true
  const ofTunnel = (id: string): CloudflaredLink[] =>
    [...listed.keys()].filter(({ tunnelId }) => tunnelId === id)

  namedTunnels.onEnded((id, why) => ofTunnel(id).forEach((link) => link.end(why)))
  namedTunnels.onChanged(({ id, services }) => {
    const pushed = parseServices(services)
    if (pushed !== undefined) ofTunnel(id).forEach((link) => link.push(pushed))
  })

  function refuse(asked: Registration, ip: string, code: RefusalCode): void {
    parts.onRefused(code)
    refusalLog.refused({ ...asked, ip }, code, hints[code])
  }

  function register(asked: Registration, ip: string): Judgement {
    if (!isAccepting) return 'dropped'
    // Its dialect sends it: whoever poses as the gateway reads it.
    const admission = namedTunnels.admit(asked.tunnelId, (secret) =>
      isTunnelSecret(secret, asked.secret),
    )
    if ('fault' in admission) {
      refuse(asked, ip, admission.fault)
      // The word makes it try again a few times before its process ends.
      return { refused: `Unauthorized: ${causes[admission.fault]}` }
    }
    const { tunnel } = admission
    const there = ofTunnel(tunnel.id)
    const own = there.filter(({ connectorId }) => connectorId === asked.connectorId)
    const same = own.find((link) => link.connIndex === asked.connIndex && !link.isLeaving)
    if (same !== undefined) {
      // Where that one is dead, it is found out before the connector is back.
      same.probe()
      refuse(asked, ip, 'duplicate-connection')
      return { refused: 'EDUPCONN' }
    }
    if (there.length >= maxConnections) {
      refuse(asked, ip, 'too-many-connections')
      return 'dropped'
    }
    refusalLog.admitted(asked)
    const pushed = parseServices(tunnel.services)
    const wanted = () => parts.namedServices(tunnel)
    return { admitted: { tunnel, location, shared: sharedBy(own), pushed, wanted } }
  }

  /** Only connection 0 says what its process serves. */
  const shared = new WeakMap<CloudflaredLink, SharedRules>()
  function sharedBy(own: readonly CloudflaredLink[]): SharedRules {
    const [first] = own
    return (first && shared.get(first)) ?? { services: undefined }
  }

  return {
    name: undefined,
    serverNames: [connectorServerName],
    serve(socket, peer) {
      let rules: SharedRules | undefined
      const connection = serveConnection(socket, peer, {
        clock,
        logger,
        flood: floods.begin(socket, () => peer.close('flood')),
        mayTell: () => brokenOff.admits(),
        register(asked) {
          const judged = register(asked, peer.ip)
          if (judged !== 'dropped' && 'admitted' in judged) rules = judged.admitted.shared
          return judged
        },
        onLinked(link) {
          unregistered.delete(beginning)
          if (rules !== undefined) shared.set(link, rules)
          listed.set(link, links.add(link))
        },
        onOver(link) {
          unregistered.delete(beginning)
          if (link === undefined) return
          listed.get(link)?.[Symbol.dispose]()
          listed.delete(link)
        },
      })
      const beginning = { destroy: connection.dropUnregistered }
      unregistered.add(beginning, peer.ip)
    },
    stopAccepting() {
      isAccepting = false
      unregistered.destroyAll()
      // One that is told to go finds the port closed, and waits longer after each attempt.
      for (const link of listed.keys()) link.keep()
    },
    letGo() {
      for (const link of listed.keys()) link.drain()
    },
  }
}

type RefusalCode = keyof typeof hints

/** What to do, for whoever reads the gateway's log. */
const hints = {
  'unknown-tunnel': 'print its token again: postern tunnel token --for-cloudflared NAME',
  'wrong-secret': 'its secret was changed: postern tunnel token --for-cloudflared NAME',
  'tunnel-deleted': 'stop the connector, or make the tunnel again: postern tunnel create NAME',
  'duplicate-connection': 'an earlier connection of it is still here; it tries again',
  'too-many-connections': 'stop some of its connectors',
} as const

/** What the connector is told, and writes into its own log. */
const causes = {
  'unknown-tunnel': 'there is no such tunnel at this gateway',
  'wrong-secret': 'the secret of this tunnel is another one',
  'tunnel-deleted': 'this tunnel was deleted',
} as const
