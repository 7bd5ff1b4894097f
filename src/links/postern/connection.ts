// One connection of a connector: it has dialled the gateway, which opens the control stream; on that both prove that
// they know the tunnel's secret, the connector registers, and is a link from then on.
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../clock.ts'
import { PeerError } from '../../errors.ts'
import type { Peer } from '../../port/peers/peer.ts'
import type { FromConnector } from '../../tunnel/connector/protocol.ts'
import { openGatewayEnd } from '../../tunnel/connector/gateway-end.ts'
import type { GatewayEnd } from '../../tunnel/connector/session.ts'
import { registrationTimeoutMs } from '../unregistered.ts'
import type { PosternLink } from './link.ts'
import type { Asking, Registrar } from './registrar.ts'

export interface ConnectionParts {
  readonly clock: Clock
  readonly registrar: Registrar
  /** It knows the secret of its tunnel. */
  onProved(): void
  /** It is registered, or never will be. */
  onDecided(): void
}

/** Serves a connection from its first byte to its end. Never rejects. */
export async function serveConnection(
  socket: TLSSocket,
  peer: Peer,
  parts: ConnectionParts,
): Promise<void> {
  socket.on('error', () => undefined)
  peer.destroyWith(socket)
  let isPeersTurn = true
  let isProved = false
  const using = new DisposableStack()
  // By whatever it says it makes no progress, but by registering.
  const deadline = peer.beginExchange({
    requestBytes: () => 0,
    isPeersTurn: () => isPeersTurn,
    reset: () => socket.destroy(),
  })
  const decided = (): void => {
    deadline.end()
    using.dispose()
    parts.onDecided()
  }
  const timer = parts.clock.schedule(registrationTimeoutMs, () => socket.destroy())
  using.use(timer)
  try {
    const onFlood = (): void => peer.close('flood')
    const end = await openGatewayEnd(socket, {
      clock: parts.clock,
      onFlood,
      isProved: () => isProved,
    })
    const messages = end.control.messages[Symbol.asyncIterator]()
    const link = await registerBy(
      messages,
      { end, socket, ip: peer.ip },
      {
        registrar: parts.registrar,
        onProved() {
          isProved = true
          parts.onProved()
        },
        onAnswer() {
          isPeersTurn = false
          timer[Symbol.dispose]()
        },
      },
    )
    if (link === undefined) return await end.ended.then(() => undefined)
    using _ = peer.carryTunnel()
    decided()
    await Promise.all([end.ended, follow(link, end, messages, parts.registrar)])
  } catch {
    socket.destroy()
  } finally {
    decided()
  }
}

interface Answering {
  readonly registrar: Registrar
  /** It knows the secret of its tunnel. */
  onProved(): void
  /** It is ours to answer from now on. */
  onAnswer(): void
}

/** Hears its proof, then its registration. Resolves to nothing where it was refused, or has gone. */
async function registerBy(
  messages: AsyncIterator<FromConnector>,
  connection: Omit<Asking, 'proof'>,
  { registrar, onProved, onAnswer }: Answering,
): Promise<PosternLink | undefined> {
  const { end } = connection
  const first = await messages.next()
  if (first.done === true) return undefined
  if (first.value.type === 'register') {
    onAnswer()
    registrar.refuseUnproved(connection, first.value)
    return undefined
  }
  if (first.value.type !== 'prove') return unordered(end, 'the connector does not register')
  const asking = { ...connection, proof: first.value }
  if (!registrar.admit(asking)) {
    onAnswer()
    return undefined
  }
  onProved()
  const second = await messages.next()
  if (second.done === true) return undefined
  if (second.value.type !== 'register') return unordered(end, 'the connector does not register')
  onAnswer()
  return registrar.register(asking, second.value)
}

function unordered(end: GatewayEnd, what: string): undefined {
  end.destroy(new PeerError('connector-protocol', what))
}

/** Reads what the connector says until the connection is over. */
async function follow(
  link: PosternLink,
  end: GatewayEnd,
  messages: AsyncIterator<FromConnector>,
  registrar: Registrar,
): Promise<void> {
  const tell = (message: string): void => end.control.send({ type: 'notice', message })
  // Names may wait for a DNS server; that it drains, or trusts another key, is heard meanwhile.
  const update = lastOneOf((names: readonly string[]) => registrar.update(link, names, tell))
  for (;;) {
    const { value, done } = await messages.next()
    if (done === true) return
    if (value.type === 'draining') link.leave()
    else if (value.type === 'grant-keys') link.trust(value.grantKeys)
    else if (value.type === 'services') {
      link.serve(value.services)
      update(value.hostnames)
    } else unordered(end, 'the connector registers twice')
  }
}

/** Does one piece of work at a time: of those that come meanwhile the last one alone is done. */
function lastOneOf<T>(work: (value: T) => Promise<void>): (value: T) => void {
  let next: { readonly value: T } | undefined
  let isWorking = false
  async function workOff(): Promise<void> {
    isWorking = true
    while (next !== undefined) {
      const { value } = next
      next = undefined
      await work(value).catch(() => undefined)
    }
    isWorking = false
  }
  return (value) => {
    next = { value }
    if (!isWorking) void workOff()
  }
}
