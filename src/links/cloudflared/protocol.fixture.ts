import type { TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { systemClock, type Clock } from '../../clock.ts'
import type { LogFields, LogLevel } from '../../log.ts'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { createTestPeers } from '../../port/peers/peers.fixture.ts'
import type { PeersOptions } from '../../port/peers/peers.ts'
import { openTestPort } from '../../port/port.fixture.ts'
import type { Port } from '../../port/port.ts'
import type { Admission, NamedTunnel, NamedTunnelEnd } from '../../publish/named-tunnels.ts'
import type { Link, StreamRequest } from '../link.ts'
import type { Links } from '../links.ts'
import { createRefusalLog } from '../refusal-log.ts'
import { createLinks } from '../register.ts'
import { probeProtocol } from './probe-protocol.ts'
import { createCloudflaredProtocol } from './protocol.ts'
import type { NamedService } from './unserved.ts'
import { connectorServerName, probeServerName } from './server-names.ts'
import { testSecret, testTunnelId } from './stock-connector.fixture.ts'

const authority = await createCertificateAuthority()
const certificate = await authority.issue([connectorServerName, probeServerName])

/** What a test's connectors trust. */
export const testCa = authority.cert

interface Line extends LogFields {
  readonly level: LogLevel
  readonly message: string
}

export interface EdgeRig {
  readonly port: Port
  readonly links: Links
  readonly lines: Line[]
  /** Why connections were evicted. */
  readonly evicted: string[]
  /** What stands of the one named tunnel there is. */
  tunnel: NamedTunnel
  /** Takes its secret away. */
  revoke(why: NamedTunnelEnd): void
  change(tunnel: Partial<NamedTunnel>): void
  /** Resolves to the first line, past or to come, with this message. */
  line(message: string): Promise<Line>
  /** Resolves once there are so many links that take streams. */
  ready(count?: number): Promise<readonly Link[]>
}

/** A port that stock connectors reach, until the end of the test. */
export async function openEdge(
  t: TestContext,
  {
    clock = systemClock,
    peers = {},
    namedServices = [],
  }: {
    readonly clock?: Clock
    readonly peers?: Partial<PeersOptions>
    readonly namedServices?: readonly NamedService[]
  } = {},
): Promise<EdgeRig> {
  const [lines, evicted, ended, changed]: [Line[], string[], Set<Ended>, Set<Changed>] = [
    [],
    [],
    new Set(),
    new Set(),
  ]
  const waiting = new Set<() => void>()
  let fault: NamedTunnelEnd | undefined
  const namedTunnels = {
    find: (name: string) => (name === 'demo' ? rig.tunnel : undefined),
    byHostname: () => rig.tunnel,
    admit(id: string, knows: (secret: Uint8Array) => boolean): Admission {
      if (id !== testTunnelId) return { fault: 'unknown-tunnel' }
      if (fault === 'tunnel-deleted') return { fault }
      const isRight = fault === undefined && knows(testSecret)
      return isRight ? { tunnel: rig.tunnel, secret: testSecret } : { fault: 'wrong-secret' }
    },
    onEnded: (listener: Ended) => subscribe(ended, listener),
    onChanged: (listener: Changed) => subscribe(changed, listener),
  }
  const write =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      lines.push({ ...fields, level, message })
      for (const wake of waiting) wake()
    }
  const logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
  const links = createLinks({
    clock,
    namedTunnels,
    report: {
      added: (link) => ({
        removed: () => logger.info('connector gone', { why: link.endedBy }),
      }),
    },
  })
  const refusalLog = createRefusalLog(clock, logger)
  const parts = { clock, logger, namedTunnels, links, refusalLog, location: 'gateway.test' }
  const protocol = createCloudflaredProtocol({
    ...parts,
    namedServices: () => namedServices,
    onRefused: () => undefined,
  })
  const port = await openTestPort(t, {
    peers: createTestPeers({ clock, report: (cause) => void evicted.push(cause), ...peers }),
    protocols: [protocol, probeProtocol],
  })
  port.setReservedNames([connectorServerName, probeServerName], certificate)
  const until = <T>(look: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const again = (): void => {
        const found = look()
        if (found === undefined) return
        waiting.delete(again)
        resolve(found)
      }
      waiting.add(again)
      again()
    })
  const rig: EdgeRig = {
    port,
    links,
    lines,
    evicted,
    tunnel: testTunnel,
    revoke(why) {
      fault = why
      for (const listener of ended) listener(testTunnelId, why)
    },
    change(tunnel) {
      rig.tunnel = { ...rig.tunnel, ...tunnel }
      for (const listener of changed) listener(rig.tunnel)
    },
    line: (message) => until(() => lines.find((line) => line.message === message)),
    async ready(count = 1) {
      for (;;) {
        const ready = links.list().filter(({ isReady }) => isReady)
        if (ready.length >= count) return ready
        await turn()
      }
    },
  }
  return rig
}

type Ended = (tunnelId: string, why: NamedTunnelEnd) => void
type Changed = (tunnel: NamedTunnel) => void

function subscribe<T>(listeners: Set<T>, listener: T): Disposable {
  listeners.add(listener)
  return { [Symbol.dispose]: () => void listeners.delete(listener) }
}

const testTunnel: NamedTunnel = {
  id: testTunnelId,
  name: 'demo',
  site: 'example.com',
  createdBy: 'a@example.com',
  createdAtMs: 0,
  hostnames: ['db.example.com'],
  services: undefined,
}

/** A stream to the connector's own service, or to one that the route names. */
export function requestFor(
  service?: StreamRequest['service'],
  hostname = 'db.example.com',
): StreamRequest {
  const grant = { request: { requestId: 'r1' } } as unknown as StreamRequest['grant']
  return { grant, hostname, service }
}
