import { randomUUID } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { Grant } from '../../access/grant.ts'
import { formatAuthority } from '../../address.ts'
import type { Clock } from '../../clock.ts'
import { printable } from '../../terminal-text.ts'
import type { Applicant } from '../../tunnel/connector/proof.ts'
import type { FromConnector, OfferedService } from '../../tunnel/connector/protocol.ts'
import type { GatewayEnd } from '../../tunnel/connector/session.ts'
import { grantAudience, maxGrantLifeS, type GrantClaims } from '../../tunnel/grant.ts'
import type { Link, LinkEnd, StreamRequest } from '../link.ts'
import { rememberSigns } from '../signs.ts'
import type { GrantSigner } from './grant-signer.ts'

/** What a connector registers with, once it has proved who it is. */
export type Registration = Extract<FromConnector, { readonly type: 'register' }>

export interface PosternLinkParts {
  readonly applicant: Applicant
  readonly registration: Registration
  readonly end: GatewayEnd
  readonly socket: Pick<TLSSocket, 'bytesRead' | 'bytesWritten'>
  readonly signer: GrantSigner
  readonly clock: Clock
  readonly ip: string
  /** Names the gateway in grants. */
  readonly issuer: string
}

export interface PosternLink extends Link {
  readonly isDraining: boolean
  /** Takes no new streams, and keeps the connection, of which its connector is told nothing. */
  keep(): void
  /** The rules of its connector have changed. */
  serve(services: readonly OfferedService[]): void
  /** Its connector has said which grant keys it trusts. */
  trust(thumbprints: readonly string[]): void
  /** Its connector wants no new streams: it ends once the open ones have. */
  leave(): void
  /** It is over; `error` is what ended it, if that was no end in order. */
  over(error: Error | undefined): void
}

/**
 * Services of a connection that are kept to be shown.
 *
 * @limit none: services of a connector that lists show; the rest is left out
 */
const maxServicesShown = 100

/** One registered connection of a connector of ours. */
export function createPosternLink(parts: PosternLinkParts): PosternLink {
  const { applicant, registration, end, socket, signer, clock, ip, issuer } = parts
  const { tunnelId, connectorId, connIndex } = applicant
  const opens = { ok: 0, failed: 0 }
  const signs = rememberSigns(end.probe)
  let services = shown(registration.services)
  let endedBy: LinkEnd | undefined
  let isDraining = false
  let isKept = false
  /** Those whose grant is being signed: the connection knows nothing of them yet. */
  let signing = 0

  async function openStream(
    { grant, hostname, service, isByClient }: StreamRequest,
    signal: AbortSignal,
  ) {
    const claims: GrantClaims = {
      ...whoAndWhat(grant),
      iss: issuer,
      aud: grantAudience(tunnelId, connectorId),
      hostname,
      ...(service && { service: formatAuthority(service) }),
      ...(isByClient === true && { bastion: true }),
      ...lifeFrom(clock.now()),
    }
    const signed = await sign(claims)
    // The connection itself says no where it has ended or drains by now.
    return end.openStream(
      { authority: formatAuthority(grant.request.target), grant: signed },
      signal,
    )
  }

  async function sign(claims: GrantClaims): Promise<string> {
    signing += 1
    try {
      return await signer.sign(claims)
    } finally {
      signing -= 1
    }
  }

  function cut(why: LinkEnd): void {
    endedBy ??= why
    end.destroy()
  }

  function leave(): void {
    if (isDraining) return
    isDraining = true
    end.drain()
  }

  return {
    id: randomUUID(),
    tunnelId,
    connectorId,
    connIndex,
    dialect: 'postern',
    version: printable(registration.version),
    arch: printable(registration.arch),
    ip,
    sinceMs: clock.now(),
    opens,
    get endedBy() {
      return endedBy
    },
    get bytes() {
      return { up: socket.bytesWritten, down: socket.bytesRead }
    },
    get services() {
      return services
    },
    get streams() {
      return end.streams + signing
    },
    get isReady() {
      return endedBy === undefined && !isDraining && !isKept && end.isReady
    },
    get isDraining() {
      return isDraining
    },
    async openStream(request, signal) {
      try {
        const stream = await openStream(request, signal)
        opens.ok += 1
        return stream
      } catch (error) {
        if (!signal.aborted) opens.failed += 1
        throw error
      }
    },
    keep: () => void (isKept = true),
    probe: signs.probe,
    get isSilent() {
      return signs.isSilent
    },
    get grantKeys() {
      return signer.trusted
    },
    async takeGrantKey() {
      if (await signer.isTrusted()) return signer.introduce()
      cut('keys-forgotten')
      return false
    },
    trust: signer.heard,
    serve: (next) => void (services = shown(next)),
    end: cut,
    drain() {
      if (isDraining) return
      end.control.send({ type: 'draining' })
      leave()
    },
    leave,
    over(error) {
      endedBy ??= error === undefined || isDraining ? 'closed' : 'lost'
    },
  }
}

function whoAndWhat({
  caller,
  route,
  request,
}: Grant): Pick<GrantClaims, 'sub' | 'route' | 'request'> {
  return { sub: subjectOf(caller.session), route: route.id, request: request.requestId }
}

function subjectOf(session: Grant['caller']['session']): string {
  if (session === undefined) return ''
  if (session.kind === 'service-account') return `service-account:${session.userId}`
  return session.email ?? session.userId
}

function lifeFrom(nowMs: number): Pick<GrantClaims, 'jti' | 'iat' | 'exp'> {
  const iat = Math.floor(nowMs / 1000)
  return { jti: randomUUID(), iat, exp: iat + maxGrantLifeS }
}

function shown(services: readonly OfferedService[]): readonly OfferedService[] {
  return services.slice(0, maxServicesShown).map(({ hostname, service }) => ({
    hostname: hostname === undefined ? undefined : printable(hostname),
    service: printable(service),
  }))
}
