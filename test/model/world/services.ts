import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { UpstreamError } from '../../../src/errors.ts'
import type { Link } from '../../../src/links/link.ts'
import type { Links } from '../../../src/links/links.ts'
import type { dial } from '../../../src/net/dial.ts'
import { makeStream, type FarEnd } from './far-end.ts'

/** Gateways of their own are dialled here; every other address is a service. */
export const nextGatewayHost = '127.0.0.1'

/** What tunnels lead to: services, gateways in front of services, and connectors. */
export interface Services {
  /** In the place of the one that opens TCP connections. */
  readonly dial: typeof dial
  /** The far end of a tunnel's upstream. */
  farEnd(request: { readonly requestId: string; readonly signal: AbortSignal }): FarEnd | undefined
  /** Takes a connection of a connector onto the register. */
  connect(links: Links, tunnelId: string): FakeLink
  /** Called before each connection is there. **Default:** nobody waits */
  hold: () => Promise<void>
}

/** One connection of a connector. */
export interface FakeLink {
  readonly link: Link
  /** The process or its line is gone. */
  lose(): void
}

export function createServices(): Services {
  const dialled = new WeakMap<AbortSignal, FarEnd>()
  const carried = new Map<string, FarEnd>()
  const services: Services = {
    async dial({ host }, { signal } = {}) {
      await services.hold()
      if (signal?.aborted) throw new UpstreamError('upstream-unreachable', 'given up')
      const { near, far } = makeStream()
      if (signal !== undefined) dialled.set(signal, far)
      if (host === nextGatewayHost) answerConnect(far)
      return near as Socket
    },
    farEnd: ({ requestId, signal }) => dialled.get(signal) ?? carried.get(requestId),
    connect: (links, tunnelId) =>
      connectLink(links, tunnelId, services, (requestId, far) => {
        carried.set(requestId, far)
        far.stream.once('close', () => carried.delete(requestId))
      }),
    hold: () => Promise.resolve(),
  }
  return services
}

/** A next gateway lets everybody through. */
function answerConnect({ stream, take }: FarEnd): void {
  let head = ''
  const look = (): void => {
    head += take()
    if (!head.includes('\r\n\r\n')) return
    stream.off('data', look)
    stream.write('HTTP/1.1 200 OK\r\n\r\n')
  }
  stream.on('data', look)
}

function connectLink(
  links: Links,
  tunnelId: string,
  services: Services,
  onStream: (requestId: string, far: FarEnd) => void,
): FakeLink {
  const streams = new Set<FarEnd>()
  let hasEnded = false
  const end = (): void => {
    hasEnded = true
    registered[Symbol.dispose]()
    for (const { stream } of streams) stream.destroy(new Error('the connection is gone'))
  }
  const link: Link = {
    id: randomUUID(),
    tunnelId,
    connectorId: randomUUID(),
    connIndex: 0,
    dialect: 'postern',
    version: '0',
    arch: 'model',
    ip: '192.0.2.200',
    sinceMs: 0,
    services: undefined,
    get streams() {
      return streams.size
    },
    get isReady() {
      return !hasEnded
    },
    async openStream({ grant }, signal) {
      await services.hold()
      if (hasEnded || signal.aborted)
        throw new UpstreamError('connector-lost', 'the connection is gone')
      const { near, far } = makeStream()
      streams.add(far)
      far.stream.once('close', () => streams.delete(far))
      onStream(grant.request.requestId, far)
      return near
    },
    probe: () => () => !hasEnded,
    end,
    drain: end,
  }
  const registered = links.add(link)
  return { link, lose: end }
}
