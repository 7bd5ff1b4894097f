import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { createHttp1Way } from '../../src/client/ways/http1.ts'
import { createHttp2Way } from '../../src/client/ways/http2.ts'
import type { TunnelWay } from '../../src/client/ways/way.ts'
import { createWebSocketWay } from '../../src/client/ways/websocket.ts'
import { messageOf } from '../../src/errors.ts'
import { silentLogger } from '../../src/log.ts'
import { createDialer } from '../../src/reach/dialer.ts'
import { parseGatewayUrl } from '../../src/reach/destination.ts'
import { credentialFields } from '../../src/tunnel/headers.ts'
import { createWebSocketStream, WebSocket } from '../../src/tunnel/ws.ts'
import { application, targets, type SoakGateway } from './gateway.ts'

type Gateway = Pick<SoakGateway, 'port' | 'origin' | 'ca'>

/** A client, as a process of one would be: its tunnels share what they can. */
export interface Client {
  /** Rejects with an error where the tunnel is refused. */
  open(): Promise<Duplex>
  /** Ends without a word to anybody. */
  destroy(): void
}

/** One kind of tunnel: how it comes to the gateway, and how it goes on from there. */
export interface Kind {
  readonly name: string
  /** The gateway passes an end of the client on only when the service has ended too, or after five seconds. */
  readonly holdsEnds?: boolean
  createClient(gateway: Gateway, credential: string): Client
}

const http2 = (gateway: Gateway): TunnelWay =>
  createHttp2Way({
    dialer: dialerTo(gateway),
    log: silentLogger,
    onHttp1: (socket) => void socket.destroy(),
  })
const http1 = (gateway: Gateway): TunnelWay => createHttp1Way(dialerTo(gateway))
const webSocket = (gateway: Gateway): TunnelWay => createWebSocketWay(dialerTo(gateway))

export const kinds: readonly Kind[] = [
  kindOf('HTTP/2, direct', http2, targets.direct),
  kindOf('HTTP/1.1, direct', http1, targets.direct),
  kindOf('WebSocket, direct', webSocket, targets.direct),
  { name: "WebSocket of cloudflared's client, direct", createClient: stockClient },
  kindOf('HTTP/2, connector', http2, targets.connector),
  { ...kindOf('HTTP/1.1, stock connector', http1, targets.stockConnector), holdsEnds: true },
  { ...kindOf('WebSocket, stock connector', webSocket, targets.stockConnector), holdsEnds: true },
  kindOf('HTTP/2, next gateway', http2, targets.nextGateway),
]

/** Asks for what nobody may have; rejects where it is not refused with 403. */
export async function askInVain(gateway: Gateway, credential: string): Promise<void> {
  const way = http1(gateway)
  const answer = await ask(way, targets.closed, credential).then(
    () => 'a tunnel',
    (error: unknown) => messageOf(error),
  )
  way.destroy()
  if (!answer.includes('403')) throw new Error(`not refused: ${answer}`)
}

function kindOf(name: string, create: (gateway: Gateway) => TunnelWay, target: string): Kind {
  return {
    name,
    createClient(gateway, credential) {
      const way = create(gateway)
      return { open: () => ask(way, target, credential), destroy: () => way.destroy() }
    },
  }
}

async function ask(way: TunnelWay, authority: string, credential: string): Promise<Duplex> {
  const fields = { ...credentialFields(credential), accept: 'application/json' }
  const { signal } = new AbortController()
  const { tunnel, refusal } = await way.connect({ authority, fields, signal })
  if (tunnel !== undefined) return tunnel
  throw new Error(`"${authority}" is refused: ${refusal.status} ${refusal.body}`)
}

/** An upgrade of the application's root for each, without a subprotocol. */
function stockClient({ port, ca }: Gateway): Client {
  const open = new Set<WebSocket>()
  return {
    async open() {
      const options = {
        ca,
        servername: application,
        headers: { host: application, 'user-agent': 'cloudflared/2026.8.2' },
        perMessageDeflate: false,
      }
      const socket = new WebSocket(`wss://127.0.0.1:${port}/`, [], options)
      open.add(socket)
      socket.on('error', () => undefined).once('close', () => open.delete(socket))
      const stream = createWebSocketStream(socket)
      stream.on('error', () => undefined)
      await once(socket, 'open')
      return stream
    },
    destroy() {
      for (const socket of open) socket.terminate()
    },
  }
}

function dialerTo({ origin, ca }: Gateway) {
  const trust = { isVerified: true, extraCa: [ca], clientCertificate: undefined }
  return createDialer({ gateway: parseGatewayUrl(origin), trust })
}
