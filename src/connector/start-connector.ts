import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { systemClock, type Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { oneByOne } from '../one-by-one.ts'
import type { LookUpAll } from '../net/dial.ts'
import type { OwnProtocolDialer } from '../reach/dialer.ts'
import type { Closable } from '../shutdown.ts'
import { pinGrantKeys, type GrantKeys } from '../tunnel/grant-keys.ts'
import type { FromConnector } from '../tunnel/connector/protocol.ts'
import type { GrantKey, TunnelCredential } from '../tunnel/tunnel-credential.ts'
import { createGrantVerifier } from '../tunnel/verify-grant.ts'
import { createConnectionLog } from './connections/connection-log.ts'
import { startConnections, type Connections } from './connections/connections.ts'
import { registrationOf, type Registration } from './connections/register.ts'
import type { LiveConnection } from './connections/slot.ts'
import type { ConnectorMetrics } from './connector-metrics.ts'
import { createCurrentCredential } from './current-credential.ts'
import { offeredServices, type IngressRule } from './ingress/rules.ts'
import { createStreamServer } from './streams/serve-streams.ts'

/** What a connector offers; may be replaced while it runs. */
export interface Offer {
  readonly rules: readonly IngressRule[]
  /** Names that it wants to be reached by. */
  readonly hostnames: readonly string[]
}

export interface ConnectorOptions {
  readonly credential: TunnelCredential
  readonly dialer: OwnProtocolDialer
  readonly offer: Offer
  readonly metrics: ConnectorMetrics
  readonly log: Logger
  /** Takes what is wrong with single streams, which may be much. **Default:** `log` */
  readonly streamLog?: Pick<Logger, 'debug' | 'warn'> | undefined
  readonly clock?: Clock | undefined
  readonly random?: (() => number) | undefined
  /** Told each time that it has its first connection, or has lost its last one. */
  readonly onReadiness?: ((isReady: boolean) => void) | undefined
  /** Finds the addresses of the gateway. */
  readonly lookup?: LookUpAll | undefined
  /** As `StreamParts.threads`. */
  readonly threads?: number | undefined
  /**
   * Told the keys that are trusted from now on, since the gateway has another one: the next start is to know them.
   * Rejects with why they could not be kept.
   */
  readonly keepKeys?: ((keys: readonly GrantKey[]) => Promise<void>) | undefined
  /** Finds the addresses of services. **Default:** the system's */
  readonly lookUpService?: LookUpAll | undefined
}

/** A connector that runs. */
export interface Connector extends Closable, Pick<Connections, 'ready' | 'registered' | 'failed'> {
  /** Names this run of the process. */
  readonly connectorId: string
  /** Offers something else from now on. Streams that are open stay open. */
  replace(offer: Offer): void
  /**
   * Registers with another credential of the same tunnel from now on, and believes its keys. Connections that
   * stand are left alone.
   */
  replaceCredential(credential: TunnelCredential): Promise<void>
  /** Takes no new streams, lets those that are open finish for `graceMs`, and ends. */
  close(graceMs: number): Promise<void>
}

/**
 * Begins to join a gateway, and serves what it asks for until closed.
 *
 * @throws ConfigError where a grant key of the credential cannot be used
 */
export async function startConnector(options: ConnectorOptions): Promise<Connector> {
  const { metrics, log, clock = systemClock } = options
  const connectorId = randomUUID()
  let { offer } = options
  const credential = createCurrentCredential(options.credential, clock)
  const { tunnelId } = options.credential
  const pin = (from: TunnelCredential): Promise<GrantKeys> =>
    pinGrantKeys([...from.grantKeys], {
      source: 'the credential',
      tunnelId,
      connectorId,
      clock,
    })
  let keys = await pin(options.credential)
  const verifier = createGrantVerifier({
    tunnelId,
    connectorId,
    keys: { find: (header) => keys.find(header) },
    clock,
  })
  const registeredWith = new Map<number, { readonly offer: Offer; readonly trusted: string }>()
  const claimedWith = new Map<number, TunnelCredential>()
  let hasRegistered = false
  const trusted = (): FromConnector => ({ type: 'grant-keys', grantKeys: keys.thumbprints })
  const inTurn = oneByOne()
  const words = createConnectionLog(log)
  let wasReady = false
  const noteReadiness = (): void => {
    const isReady = connections.ready > 0
    if (isReady === wasReady) return
    wasReady = isReady
    options.onReadiness?.(isReady)
  }

  const connections = startConnections({
    dialer: options.dialer,
    clock,
    random: options.random ?? Math.random,
    lookup: options.lookup,
    claim(connIndex) {
      claimedWith.set(connIndex, credential.now)
      return { secret: credential.now.secret, applicant: { tunnelId, connectorId, connIndex } }
    },
    async hasOtherClaim(connIndex, signal) {
      // Of one that was never taken nobody has rotated anything.
      return hasRegistered && credential.isReplaced(claimedWith.get(connIndex), signal)
    },
    registration(connIndex) {
      registeredWith.set(connIndex, { offer, trusted: keys.thumbprints.join() })
      return registrationOf(keys, offeredOf(offer))
    },
    onStream: createStreamServer({
      rules: () => offer.rules,
      verifyGrant: verifier.verify,
      metrics: metrics.streams,
      log: options.streamLog ?? log,
      threads: options.threads,
      clock,
      lookup: options.lookUpService,
    }),
    events: {
      registered(live, notices) {
        metrics.connected('ok')
        hasRegistered = true
        words.registered(live)
        // Replaced while the gateway was asked.
        const before = registeredWith.get(live.connIndex)
        if (before?.offer !== offer) live.end.control.send(servicesOf(offer))
        if (before?.trusted !== keys.thumbprints.join()) live.end.control.send(trusted())
        for (const notice of notices) words.notice(notice)
        noteReadiness()
      },
      lost(live, why) {
        words.lost(live, why)
        noteReadiness()
      },
      draining(live) {
        words.draining(live)
        noteReadiness()
      },
      failed(connIndex, error) {
        metrics.connected('failed')
        words.failed(connIndex, error)
      },
      said(live, message) {
        if (message.type === 'notice') words.notice(message.message)
        if (message.type === 'grant-key') void learn(live, message.signed)
      },
    },
  })
  metrics.countConnections(() => connections.ready)

  /** On each connection the same is said; the first one that is understood is news. */
  async function learn({ end }: LiveConnection, signed: string): Promise<void> {
    const own = keys
    const isNews = await own.learn(signed).catch((error: unknown) => {
      // A gateway may send any number: what is wrong is said once.
      words.notice(`a new grant key of the gateway is not trusted: ${messageOf(error)}`)
      return false
    })
    // Another credential was given meanwhile.
    if (own !== keys) return
    if (!isNews) return end.control.send(trusted())
    connections.tell(trusted())
    log.info('the gateway has another key for its grants, and a key that is trusted vouches for it')
    await keep(own)
  }

  async function keep(known: GrantKeys): Promise<void> {
    try {
      // What is known by then: of two changes the last one is kept.
      await inTurn(async () => options.keepKeys?.(known.publicKeys))
    } catch (error) {
      log.warn(`the new grant key of the gateway is not kept: ${messageOf(error)}`, {
        hint: 'after a restart the gateway vouches for it again, unless its former key was forgotten there: a new token is needed then',
      })
    }
  }

  return {
    connectorId,
    get ready() {
      return connections.ready
    },
    registered: connections.registered,
    failed: connections.failed,
    replace(next) {
      offer = next
      connections.tell(servicesOf(next))
    },
    async replaceCredential(next) {
      // What was learnt stays, where the credential says nothing new of it.
      if (isDeepStrictEqual(next.grantKeys, credential.now.grantKeys)) credential.replace(next)
      else {
        keys = await pin(next)
        credential.replace(next)
        connections.tell(trusted())
      }
    },
    close: connections.close,
  }
}

function offeredOf({ rules, hostnames }: Offer): Pick<Registration, 'services' | 'hostnames'> {
  return { services: offeredServices(rules), hostnames }
}

function servicesOf(offer: Offer): FromConnector {
  return { type: 'services', ...offeredOf(offer) }
}
