import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../clock.ts'
import type { Logger } from '../../log.ts'
import type { NamedTunnel, NamedTunnels } from '../../publish/named-tunnels.ts'
import { isProof, proofOf, type Applicant, type ProofParts } from '../../tunnel/connector/proof.ts'
import type { FromConnector } from '../../tunnel/connector/protocol.ts'
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
  readonly proof: Proof
  readonly end: GatewayEnd
  readonly socket: TLSSocket
  readonly ip: string
}

/** What a connector proves that it knows the secret of its tunnel with. */
export type Proof = Extract<FromConnector, { readonly type: 'prove' }>

/** Takes connections of connectors onto the register. */
export interface Registrar {
  /** Proves in turn to know the secret; false when the connection was refused, which it was told. */
  admit(asking: Asking): boolean
  /** Refuses one that registers without a proof. */
  refuseUnproved(asking: Omit<Asking, 'proof'>, registration: Registration): void
  /** Registers one that was admitted, and tells it so; undefined when it was refused, which it was told. */
  register(asking: Asking, registration: Registration): Promise<PosternLink | undefined>
  /** Takes over what a connector says of its rules from now on. */
  update(link: PosternLink, names: readonly string[], tell: (notice: string) => void): Promise<void>
  /** Registers no more; those that are there take no new streams, and stay. */
  stop(): void
  /** Drains those that are there. */
  drain(): void
}

/** What registering may lead to. */
type Judged =
  | { readonly refusal: Refusal }
  | { readonly tunnel: NamedTunnel; readonly known: ProofParts }

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
  function judge({ proof, end: { channel } }: Asking): Judged {
    if (isStopped) return { refusal: refusals.leaving }
    if (channel === undefined) return { refusal: refusals.oldTls }
    if (!idForm.test(proof.connectorId)) return { refusal: refusals.malformedId }
    const withSecret = (secret: Uint8Array): ProofParts => ({ secret, channel, applicant: proof })
    const admission = namedTunnels.admit(proof.tunnelId, (secret) =>
      isProof(proof.proof, 'connector', withSecret(secret)),
    )
    if ('fault' in admission) return { refusal: refusals.notAdmitted(admission.fault) }
    const { tunnel, secret } = admission
    const others = ofTunnel(tunnel.id).filter((link) => !isBefore(link, applicantOf(proof, tunnel)))
    if (others.length < maxConnections) return { tunnel, known: withSecret(secret) }
    return { refusal: refusals.tooManyConnections(tunnel.name, maxConnections) }
  }

  async function prepare({ proof, end }: Asking, registration: Registration, tunnel: NamedTunnel) {
    const signer = createGrantSigner({
      keys: parts.grantKeys,
      trusted: registration.grantKeys,
      audience: grantAudience(tunnel.id, proof.connectorId),
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

  function refuse(
    { proof, end, ip }: Omit<Asking, 'proof'> & { readonly proof: Applicant },
    refusal: Refusal,
    version?: string,
  ): undefined {
    refusalLog.refused({ ...proof, version, ip }, refusal.code, refusal.next)
    parts.onRefused?.(refusal.code)
    end.control.send({ type: 'refused', ...refusal })
    end.drain()
  }

  function list(link: PosternLink, { end }: Asking): void {
    // It would not have come again beside one that works.
    for (const other of listed) if (isBefore(other, link)) other.end('replaced')
    listed.add(link)
    const onRegister = links.add(link)
    refusalLog.admitted(link)
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
    admit(asking) {
      const judged = judge(asking)
      if ('refusal' in judged) refuse(asking, judged.refusal)
      else asking.end.control.send({ type: 'proved', proof: proofOf('gateway', judged.known) })
      return 'known' in judged
    },
    refuseUnproved: (asking, { version }) =>
      refuse({ ...asking, proof: nobody }, refusals.unproved, version),
    async register(asking, registration) {
      const { version } = registration
      const first = judge(asking)
      if ('refusal' in first) return refuse(asking, first.refusal, version)
      const prepared = await prepare(asking, registration, first.tunnel)
      if ('refusal' in prepared) return refuse(asking, prepared.refusal, version)
      // Deleted, revoked or full meanwhile: nothing stands between this look and the register.
      const judged = judge(asking)
      if ('refusal' in judged) return refuse(asking, judged.refusal, version)
      const { tunnel } = judged
      const applicant = applicantOf(asking.proof, tunnel)
      const who = { ...asking, applicant, registration }
      const link = createPosternLink({ ...who, ...prepared, clock, issuer: location })
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

/** The id as it is kept, however it was written. */
function applicantOf({ connectorId, connIndex }: Applicant, { id }: NamedTunnel): Applicant {
  return { tunnelId: id, connectorId, connIndex }
}

/** Who has not said who it is. */
const nobody: Applicant = { tunnelId: '', connectorId: '', connIndex: 0 }

/** Whether a connection is the one that a registration takes the place of; one that drains ends by itself. */
function isBefore(link: PosternLink, { tunnelId, connectorId, connIndex }: Applicant): boolean {
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
