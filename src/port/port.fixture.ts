import type { TestContext } from 'node:test'
import { testCertificate } from '../gateway/gateway.fixture.ts'
import { isTunnelUpgrade } from '../tunnel/websocket.ts'
import type { PortHandlers } from './http/port-handlers.ts'
import { createTestPeers } from './peers/peers.fixture.ts'
import { openPort, type Port, type PortOptions } from './port.ts'
import { createTlsContexts } from './tls-contexts.ts'

export interface TestPortOptions extends Partial<Omit<PortOptions, 'handlers'>> {
  /** Every other one does nothing. */
  readonly handlers?: Partial<PortHandlers>
}

/** Opens a port without a gateway, until the end of the test. */
export async function openTestPort(
  t: TestContext,
  { handlers, ...options }: TestPortOptions = {},
): Promise<Port> {
  const nothing = (): void => undefined
  const noTunnel = (): Promise<void> => Promise.resolve()
  const port = await openPort({
    address: { host: '127.0.0.1', port: 0 },
    peers: createTestPeers(),
    contexts: createTlsContexts([testCertificate]),
    idleTimeoutMs: 0,
    readTimeoutMs: 0,
    ...options,
    handlers: {
      connectHttp1: noTunnel,
      connectHttp2: noTunnel,
      isTunnel: isTunnelUpgrade,
      connectWebSocket: noTunnel,
      malformedHttp1: nothing,
      oversizedHttp2: nothing,
      request: nothing,
      ...handlers,
    },
  })
  t.after(() => {
    port.stopAccepting()
    port.destroy()
  })
  return port
}
