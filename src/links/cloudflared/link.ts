import type { ClientHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../clock.ts'
import { formatAuthority } from '../../address.ts'
import { messageOf } from '../../errors.ts'
import type { Logger, LogFields } from '../../log.ts'
import { afterFrames } from '../../net/runtime.ts'
import type { NamedTunnel } from '../../publish/named-tunnels.ts'
import type { OfferedService } from '../../tunnel/connector/protocol.ts'
import type { Link, LinkEnd } from '../link.ts'
import { rememberSigns } from '../signs.ts'
import { readIngress } from './ingress.ts'
import { pushRules, versionAt } from './push-rules.ts'
import type { Registration } from './registration.ts'
import type { ConnectorSession } from './session.ts'
import { unservedBy, type NamedService } from './unserved.ts'
import { createStreams } from './streams.ts'

/**
 * Time for a connector to take over rules that are pushed, in milliseconds.
 *
 * @limit time for a stock connector to take over its rules: it is used as it is, and logged
 */
const pushTimeoutMs = 10_000
/**
 * Time for a connector to close a connection that it was told to leave, in milliseconds.
 *
 * @limit time for a stock connector to close a connection that it was told to leave: it is cut
 */
const leaveTimeoutMs = 2_000

/** What the connections of one connector's process have in common. */
export interface SharedRules {
  /** Undefined while it has said nothing of them. */
  services: readonly OfferedService[] | undefined
}

export interface AdmittedAs {
  readonly tunnel: NamedTunnel
  /** Names the gateway in the connector's log. */
  readonly location: string
  readonly shared: SharedRules
  /** The rules that it is given; undefined: it has its own. */
  readonly pushed: readonly OfferedService[] | undefined
  /** What routes have it dial by name, now. */
  wanted(): readonly NamedService[]
}

export interface LinkFacts {
  readonly id: string
  readonly ip: string
  readonly registration: Registration
  readonly admitted: AdmittedAs
}

export interface LinkParts {
  readonly session: ConnectorSession
  readonly control: ClientHttp2Stream
  readonly socket: Pick<TLSSocket, 'bytesRead' | 'bytesWritten'>
  readonly clock: Clock
  readonly logger: Logger
  /** Ends the connection. */
  over(why: LinkEnd): void
}

export interface CloudflaredLink extends Link {
  /** It takes no new streams, by whomever it was decided. */
  readonly isLeaving: boolean
  /** For a line of the log. */
  about(): LogFields
  /** The connector knows that it is registered. */
  begin(): void
  /** Takes over what the connector says of its own rules. */
  learn(json: string): void
  /** Gives it other rules; streams that are open go on. */
  push(services: readonly OfferedService[]): void
  /** The connector has said that it goes. */
  leave(): void
  /** Takes no new streams, and keeps the connection, of which the connector is told nothing. */
  keep(): void
  /** Its connection is over. */
  ended(why: LinkEnd): void
}

/** A registered connection of a stock connector. */
export function createLink(facts: LinkFacts, parts: LinkParts): CloudflaredLink {
  const { id, ip, registration, admitted } = facts
  const { tunnelId, connectorId, connIndex, version, arch } = registration
  const { session, control, socket, clock, logger, over } = parts
  const opens = { ok: 0, failed: 0 }
  const signs = rememberSigns(() => {
    const before = socket.bytesRead
    if (!session.http2.destroyed) session.http2.ping(() => undefined)
    return () => socket.bytesRead !== before
  })
  let endedBy: LinkEnd | undefined
  let { pushed } = admitted
  let hasBegun = false
  let hasRules = true
  let leaving: 'told' | 'by-itself' | undefined
  let isKept = false
  const services = () => pushed ?? admitted.shared.services
  const streams = createStreams({ session, clock, logger, services, onEmpty })
  const about = (): LogFields => ({
    tunnel: admitted.tunnel.name,
    'connector-id': connectorId,
    'conn-index': connIndex,
    ip,
  })

  function onEmpty(): void {
    if (leaving === 'by-itself') over('closed')
    else if (leaving === 'told') tellToGo()
  }

  /**
   * Neither GOAWAY nor an end of the control stream moves a stock connector: it goes when that is reset, and
   * only once its last stream has ended.
   */
  function tellToGo(): void {
    // The last stream may just be closing.
    afterFrames(() => {
      control.close(0)
      // After a GOAWAY and the last stream nothing is read (nghttp2): that the connector goes would not show.
      session.http2.close()
    })
    clock.schedule(leaveTimeoutMs, () => over('closed'))
  }

  function leave(how: 'told' | 'by-itself'): void {
    if (leaving !== undefined) return
    leaving = how
    if (streams.count === 0) onEmpty()
    else if (how === 'told') sayGoAway()
  }

  /** A stream whose head comes behind it is never answered, and nghttp2 sends heads last. */
  function sayGoAway(): void {
    const { http2 } = session
    if (!http2.destroyed) http2.ping(() => void (http2.destroyed || http2.goaway(0)))
  }

  /** Of one process, which has the same rules on each of its connections, the first tells. */
  function tellUnserved(): void {
    if (connIndex !== 0) return
    for (const { hostname, service } of unservedBy(services() ?? [], admitted.wanted())) {
      const authority = formatAuthority(service)
      logger.warn(
        'a stock connector cannot serve a route: it dials a name by its own rules alone',
        {
          ...about(),
          hostname,
          service: authority,
          hint: `give it the rule ${hostname} -> tcp://${authority}, name an IP address in "to", or run a connector of ours`,
        },
      )
    }
  }

  function push(next: readonly OfferedService[]): void {
    // Until it has its first rules it answers every stream with 503.
    if (!hasBegun || pushed === undefined) hasRules = false
    pushed = next
    tellUnserved()
    const abort = new AbortController()
    const limit = clock.schedule(pushTimeoutMs, () => abort.abort())
    pushRules(session, next, { version: versionAt(clock.now()), signal: abort.signal })
      .catch((error: unknown) => {
        if (session.http2.destroyed) return
        const fields = { ...about(), error: messageOf(error) }
        logger.warn('a connector has not taken over its rules', fields)
      })
      .finally(() => {
        limit[Symbol.dispose]()
        hasRules = true
      })
  }

  const link: CloudflaredLink = {
    id,
    tunnelId,
    connectorId,
    connIndex,
    dialect: 'cloudflared',
    version,
    arch,
    ip,
    sinceMs: clock.now(),
    get services() {
      return services()
    },
    get streams() {
      return streams.count
    },
    get isReady() {
      return hasBegun && hasRules && leaving === undefined && !isKept && !session.http2.destroyed
    },
    get isFull() {
      return !session.http2.destroyed && session.isFull
    },
    get endedBy() {
      return endedBy
    },
    get bytes() {
      return { up: socket.bytesWritten, down: socket.bytesRead }
    },
    opens,
    async openStream(request, signal) {
      try {
        const stream = await streams.open(request, signal)
        opens.ok += 1
        return stream
      } catch (error) {
        opens.failed += 1
        throw error
      }
    },
    end: over,
    drain: () => leave('told'),
    keep: () => void (isKept = true),
    get isLeaving() {
      return leaving !== undefined
    },
    about,
    begin() {
      if (pushed !== undefined) push(pushed)
      hasBegun = true
    },
    learn(json) {
      const read = readIngress(json)
      admitted.shared.services = read ?? []
      if (read !== undefined && read.length > 0) return tellUnserved()
      logger.warn(`a connector serves nothing: it has no rules, and is given none`, {
        ...about(),
        hint: `run it with --url tcp://HOST:PORT, or give it rules: postern tunnel token --for-cloudflared ${admitted.tunnel.name} --service tcp://HOST:PORT`,
      })
    },
    push,
    leave: () => leave('by-itself'),
    ended: (why) => void (endedBy = why),
    probe: signs.probe,
    get isSilent() {
      return signs.isSilent
    },
  }
  return link
}
