import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import * as tls from 'node:tls'
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { systemClock, type Clock } from '../../clock.ts'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { createTestPeers } from '../../port/peers/peers.fixture.ts'
import type { PeersOptions } from '../../port/peers/peers.ts'
import { openPort } from '../../port/port.ts'
import { createTlsContexts } from '../../port/tls-contexts.ts'
import type { NamedTunnel, NamedTunnelEnd } from '../../publish/named-tunnels.ts'
import { createAuditLog } from '../../telemetry/audit-log.ts'
import { createLog } from '../../telemetry/log.ts'
import { createMetrics } from '../../telemetry/metrics.ts'
import { openConnectorEnd } from '../../tunnel/connector/connector-end.ts'
import { proofOf, type Applicant } from '../../tunnel/connector/proof.ts'
import { connectorProtocol, type FromGateway } from '../../tunnel/connector/protocol.ts'
import type { ConnectorEnd, StreamOffer } from '../../tunnel/connector/session.ts'
import { createLinkReport } from '../link-report.ts'
import type { StreamRequest } from '../link.ts'
import type { Links } from '../links.ts'
import { createRefusalLog } from '../refusal-log.ts'
import { createLinks } from '../register.ts'
import type { GatewayGrantKey } from './grant-signer.ts'
import type { Registration } from './link.ts'
import { createPosternProtocol } from './protocol.ts'
import type { Proof, RegistrarParts } from './registrar.ts'

const authority = await createCertificateAuthority()
const certificate = await authority.issue(['localhost'])

/** The secret of the one tunnel that there is. */
export const secret = Buffer.alloc(32, 7)
export const tunnel: NamedTunnel = {
  id: '5a1c2d3e-0000-4000-8000-000000000001',
  name: 'site',
  site: 'site.com',
  createdBy: 'alice@example.com',
  createdAtMs: 0,
  hostnames: ['tcp.site.com'],
  services: undefined,
}

/** A signing pair with its public part. */
export async function makeGrantKey(): Promise<GatewayGrantKey> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' })
  const publicJwk = await exportJWK(publicKey)
  return { kid: await calculateJwkThumbprint(publicJwk), privateKey, publicJwk }
}

/** A port to which connectors of one named tunnel come. */
export interface Harbour extends AsyncDisposable {
  readonly port: number
  readonly links: Links
  readonly lines: readonly Record<string, unknown>[]
  readonly metrics: ReturnType<typeof createMetrics>
  /** Newest first. */
  readonly keys: GatewayGrantKey[]
  /** Has other keys from now on; newest first. */
  changeKeys(next: readonly GatewayGrantKey[]): void
  /** Deletes the tunnel, or revokes its credential. */
  endTunnel(why: NamedTunnelEnd): void
  stopAccepting(): void
  letGo(): void
  /** Resolves once so many connections are registered. */
  linked(count: number): Promise<void>
  connect(
    onStream?: (offer: StreamOffer) => void,
    tlsOptions?: tls.ConnectionOptions,
  ): Promise<ConnectorEnd>
  registration(more?: Partial<Registration>): Registration
}

/** Who joins, by which secret, and with what. */
export interface Joining extends Partial<Applicant>, Partial<Omit<Registration, 'type'>> {
  readonly secret?: Buffer
}

export interface HarbourOptions extends Partial<Pick<RegistrarParts, 'claim' | 'isReached'>> {
  readonly clock?: Clock
  readonly peers?: Partial<PeersOptions>
}

export async function openHarbour(options: HarbourOptions = {}): Promise<Harbour> {
  const { clock = systemClock } = options
  const lines: Record<string, unknown>[] = []
  const sink = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const log = createLog({ level: 'debug', sink, clock })
  const logger = log.service('connectors')
  const metrics = createMetrics()
  const keys = [await makeGrantKey()]
  let onKeys: () => void = () => undefined
  const onEnded: ((id: string, why: NamedTunnelEnd) => void)[] = []
  let ended: NamedTunnelEnd | undefined
  const namedTunnels: RegistrarParts['namedTunnels'] &
    Parameters<typeof createLinks>[0]['namedTunnels'] = {
    admit(id, knows) {
      if (id.toLowerCase() !== tunnel.id) return { fault: 'unknown-tunnel' }
      if (ended === 'tunnel-deleted') return { fault: 'tunnel-deleted' }
      const isRight = ended === undefined && knows(secret)
      return isRight ? { tunnel, secret } : { fault: 'wrong-secret' }
    },
    find: () => (ended === 'tunnel-deleted' ? undefined : tunnel),
    byHostname: (name) => (tunnel.hostnames.includes(name) ? tunnel : undefined),
    onEnded(listener) {
      onEnded.push(listener)
      return { [Symbol.dispose]: () => undefined }
    },
  }
  const audit = createAuditLog({ logger: log.service('audit'), clock })
  const report = createLinkReport({
    clock,
    logger,
    audit,
    metrics: metrics.connectors,
    namedTunnels,
  })
  const waiting = new Set<() => void>()
  const links = createLinks({
    clock,
    namedTunnels,
    report: {
      added(link, connections) {
        const reported = report.added(link, connections)
        queueMicrotask(() => waiting.forEach((look) => look()))
        return {
          removed(left) {
            reported.removed(left)
            queueMicrotask(() => waiting.forEach((look) => look()))
          },
        }
      },
    },
  })
  const protocol = createPosternProtocol({
    clock,
    logger,
    namedTunnels,
    links,
    refusalLog: createRefusalLog(clock, logger),
    grantKeys: () => Promise.resolve(keys),
    onGrantKeys(listener) {
      onKeys = listener
      return { [Symbol.dispose]: () => undefined }
    },
    location: 'gateway.test',
    claim: options.claim ?? (() => Promise.resolve([])),
    isReached: options.isReached ?? (() => true),
    onRefused: metrics.connectors.refused,
  })
  const nobody = (): never => {
    throw new Error('nobody speaks HTTP here')
  }
  const port = await openPort({
    address: { host: '127.0.0.1', port: 0 },
    peers: createTestPeers({ clock, ...options.peers }),
    contexts: createTlsContexts([certificate], undefined),
    handlers: {
      connect: nobody,
      request: nobody,
      upgrade: nobody,
      malformedHttp1: nobody,
    } as never,
    idleTimeoutMs: 0,
    readTimeoutMs: 0,
    protocols: [protocol],
  })
  const { port: at } = port.address
  const sockets: tls.TLSSocket[] = []
  return {
    port: at,
    links,
    lines,
    metrics,
    keys,
    endTunnel(why) {
      ended = why
      onEnded.forEach((listener) => listener(tunnel.id, why))
    },
    changeKeys(next) {
      keys.splice(0, keys.length, ...next)
      onKeys()
    },
    stopAccepting: port.stopAccepting,
    letGo: port.letGo,
    linked: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (links.list().length !== count) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    async connect(onStream = (offer) => offer.refuse('no-rule', ''), tlsOptions = {}) {
      const socket = tls.connect({
        host: '127.0.0.1',
        port: at,
        servername: 'localhost',
        ca: authority.cert,
        ALPNProtocols: [connectorProtocol],
        ...tlsOptions,
      })
      sockets.push(socket.on('error', () => undefined))
      await once(socket, 'secureConnect')
      return openConnectorEnd(socket, { clock, onStream })
    },
    registration: (more) => ({
      type: 'register',
      version: '1.0.0',
      arch: 'linux_x64',
      grantKeys: keys.map(({ kid }) => kid),
      services: [{ hostname: 'tcp.site.com', service: 'tcp://localhost:7870' }],
      hostnames: [],
      ...more,
    }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      port.stopAccepting()
      port.destroy()
      await port.emptied()
    },
  }
}

/** The next thing that the gateway says. */
export async function heard(end: ConnectorEnd): Promise<FromGateway | undefined> {
  for await (const message of end.control.messages) return message
  return undefined
}

/** What a connector proves its secret with, on its connection. */
export function provingOn(end: ConnectorEnd, joining: Joining = {}): Proof {
  const { tunnelId = tunnel.id, connectorId = randomUUID(), connIndex = 0 } = joining
  const applicant = { tunnelId, connectorId, connIndex }
  const { channel = Buffer.alloc(0) } = end
  const parts = { secret: joining.secret ?? secret, channel, applicant }
  return { type: 'prove', ...applicant, proof: proofOf('connector', parts) }
}

/** A connection that has asked to be registered, and the answer. */
export async function join(
  harbour: Harbour,
  joining: Joining = {},
  onStream?: (offer: StreamOffer) => void,
): Promise<{ readonly end: ConnectorEnd; readonly answer: FromGateway | undefined }> {
  const end = await harbour.connect(onStream)
  end.control.send(provingOn(end, joining))
  const answer = await heard(end)
  if (answer?.type !== 'proved') return { end, answer }
  const { tunnelId: _, connectorId: _1, connIndex: _2, secret: _3, ...more } = joining
  end.control.send(harbour.registration(more))
  return { end, answer: await heard(end) }
}

/** Opens a stream on a connection of the tunnel. */
export async function openStream(
  harbour: Awaited<ReturnType<typeof openHarbour>>,
  more: Partial<StreamRequest> = {},
) {
  const [link] = harbour.links.toward(
    { kind: 'connector', tunnel: 'site', service: undefined },
    'x',
  )
  assert.ok(link)
  const stream = await link.openStream({ ...testRequest, ...more }, new AbortController().signal)
  stream.on('error', () => undefined)
  return stream
}

const testRequest: StreamRequest = {
  hostname: 'tcp.site.com',
  service: undefined,
  grant: {
    route: { id: 'r', name: 'r' },
    request: { requestId: 'req', target: { protocol: 'tcp', host: 'tcp.site.com', port: 443 } },
    caller: { session: undefined },
  } as never,
}
