import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../clock.ts'
import type { Logger } from '../../log.ts'
import type { NamedTunnel, NamedTunnels } from '../../publish/named-tunnels.ts'
import type { GatewayEnd } from '../../tunnel/connector/session.ts'
import { grantAudience } from '../../tunnel/grant.ts'
import type { Links } from '../links.ts'
import type { RefusalLog } from '../refusal-log.ts'
import { createGrantSigner, type GrantKeySource } from './grant-signer.ts'
import { createPosternLink, type PosternLink, type Registration } from './link.ts'
import { unreachedNames, unreachedNotices, unreachedWarning } from './notices.ts'
import * as refusals from './refusal.ts'
import type { Refusal } from './refusal.ts'

/**
 * Connections of one named tunnel's connectors: 25 of them with four each.
 *
 * @limit connections of the connectors of one named tunnel: further ones are refused, and try again
 */
const maxConnections = 100

export interface RegistrarParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly namedTunnels: Pick<NamedTunnels, 'admit' | 'find' | 'onEnded'>
  readonly links: Pick<Links, 'add'>
  readonly grantKeys: GrantKeySource
  /** Calls `listener` when there is another grant key, or one was forgotten. */
  onGrantKeys(listener: () => void): Disposable
  readonly refusalLog: RefusalLog
  /** Names the gateway in grants, and in connectors' logs. */
  readonly location: string
  /** Registers host names for a tunnel; answers what is to be said of it. Throws `PeerError`. */
  claim(tunnel: NamedTunnel, hostnames: readonly string[]): Promise<readonly string[]>
  /** Whether a route of now leads to this tunnel by that name. */
  isReached(hostname: string, tunnel: NamedTunnel): boolean
  /** A registration was refused. */
  onRefused?(code: string): void
}

/** A connection that asks to be registered. */
export interface Asking {
  readonly registration: Registration
  readonly end: GatewayEnd
  readonly socket: TLSSocket
  readonly ip: string
}

/** Takes connections of connectors onto the register. */
export interface Registrar {
  /** Registers one, and tells it so; undefined when it was refused, which it was told, or has gone. */
  register(asking: Asking): Promise<PosternLink | undefined>
  /** Takes over what a connector says of its rules from now on. */
  update(link: PosternLink, names: readonly string[], tell: (notice: string) => void): Promise<void>
  /** Registers no more; those that are there take no new streams, and stay. */
  stop(): void
  /** Drains those that are there. */
  drain(): void
}

/** What registering may lead to. */
type Judged = { readonly refusal: Refusal } | { readonly tunnel: NamedTunnel }

const idForm = /^[A-Za-z0-9-]{1,64}$/

export function createRegistrar(parts: RegistrarParts): Registrar {
  const { clock, logger, namedTunnels, links, refusalLog, location } = parts
  const listed = new Set<PosternLink>()
  let isStopped = false

  namedTunnels.onEnded((id, why) => ofTunnel(id).forEach((link) => link.end(why)))
  parts.onGrantKeys(() => listed.forEach(takeGrantKey))

  function ofTunnel(tunnelId: string): readonly PosternLink[] {
    return [...listed].filter((link) => link.tunnelId === tunnelId)
  }

  /** One synchronous step: what it finds holds for what follows without a wait. */
  function judge({ registration }: Asking): Judged {
    const { tunnelId, secret, connectorId } = registration
    if (isStopped) return { refusal: refusals.leaving }
    if (!idForm.test(connectorId)) return { refusal: refusals.malformedId }
    const admission = namedTunnels.admit(tunnelId, Buffer.from(secret, 'base64url'))
    if ('fault' in admission) return { refusal: refusals.notAdmitted(admission.fault) }
    const { tunnel } = admission
    const others = ofTunnel(tunnel.id).filter((link) => !isBefore(link, registration))
    if (others.length < maxConnections) return { tunnel }
    return { refusal: refusals.tooManyConnections(tunnel.name, maxConnections) }
  }

  async function prepare(asking: Asking, tunnel: NamedTunnel) {
    const { registration, end } = asking
    const signer = createGrantSigner({
      keys: parts.grantKeys,
      trusted: registration.grantKeys,
      audience: grantAudience(tunnel.id, registration.connectorId),
      clock,
      tell: end.control.send,
    })
    if (!(await signer.isTrusted())) return { refusal: refusals.untrustedKeys }
    try {
      return { signer, notices: await parts.claim(tunnel, registration.hostnames) }
    } catch (error) {
      const refusal = refusals.notPublished(error)
      if (refusal.retry) logger.warn('host names of a connector were not registered', { error })
      return { refusal }
    }
  }

  function refuse({ registration, end, ip }: Asking, refusal: Refusal): undefined {
    refusalLog.refused({ ...registration, ip }, refusal.code, refusal.next)
    parts.onRefused?.(refusal.code)
    end.control.send({ type: 'refused', ...refusal })
    end.drain()
  }

  function list(link: PosternLink, { registration, end }: Asking): void {
    // It would not have come again beside one that works.
    for (const other of listed) if (isBefore(other, registration)) other.end('replaced')
    listed.add(link)
    const onRegister = links.add(link)
    refusalLog.admitted(registration)
    void end.ended.then((error) => {
      link.over(error)
      listed.delete(link)
      onRegister[Symbol.dispose]()
    })
  }

  function warn(tunnel: NamedTunnel, hostnames: readonly string[]): void {
    if (hostnames.length === 0) return
    logger.warn('published names reach nobody', unreachedWarning(tunnel, hostnames))
  }

  return {
    async register(asking) {
      const first = judge(asking)
      if ('refusal' in first) return refuse(asking, first.refusal)
      const prepared = await prepare(asking, first.tunnel)
      if ('refusal' in prepared) return refuse(asking, prepared.refusal)
      // Deleted, revoked or full meanwhile: nothing stands between this look and the register.
      const judged = judge(asking)
      if ('refusal' in judged) return refuse(asking, judged.refusal)
      const { tunnel } = judged
      const link = createPosternLink({ ...asking, ...prepared, clock, issuer: location })
      const isFirst = !ofTunnel(tunnel.id).some((it) => it.connectorId === link.connectorId)
      list(link, asking)
      const unreached = unreachedNames(tunnel, parts.isReached)
      const notices = [...prepared.notices, ...unreachedNotices(unreached)]
      const connectionId = link.id
      asking.end.control.send({ type: 'registered', connectionId, location, notices })
      if (isFirst) warn(tunnel, unreached)
      // Also where its keys were forgotten since it was asked for them.
      takeGrantKey(link)
      return link
    },
    async update(link, names, tell) {
      const tunnel = namedTunnels.find(link.tunnelId)
      // It is being ended then.
      if (tunnel === undefined) return
      try {
        for (const notice of await parts.claim(tunnel, names)) tell(notice)
      } catch (error) {
        const { message, next } = refusals.notPublished(error)
        tell(`${message}: ${next}`)
        logger.warn('host names of a connector were not registered', { tunnel: tunnel.name, error })
      }
      const now = namedTunnels.find(link.tunnelId)
      if (now !== undefined) unreachedNotices(unreachedNames(now, parts.isReached)).forEach(tell)
    },
    stop() {
      isStopped = true
      // One that is drained finds the port closed, and waits longer after each attempt.
      for (const link of listed) link.keep()
    },
    drain() {
      for (const link of listed) link.drain()
    },
  }
}

/** Whether a connection is the one that a registration takes the place of; one that drains ends by itself. */
function isBefore(link: PosternLink, { tunnelId, connectorId, connIndex }: Registration): boolean {
  return (
    !link.isDraining &&
    link.tunnelId === tunnelId &&
    link.connectorId === connectorId &&
    link.connIndex === connIndex
  )
}

/** It is asked again with its next stream. */
function takeGrantKey(link: PosternLink): void {
  link.takeGrantKey?.().catch(() => undefined)
}
