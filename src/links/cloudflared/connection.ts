// One connection of a stock connector: it has dialled the gateway, which opens the control stream; on that the connector
// registers, and is a link from then on.
import { randomUUID } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import type { FloodMeter } from '../../net/http2-flood.ts'
import { afterFrames } from '../../net/runtime.ts'
import type { Peer } from '../../port/peers/peer.ts'
import type { LinkEnd } from '../link.ts'
import { registrationTimeoutMs } from '../unregistered.ts'
import { serveControl, type RegistrationAnswer } from './control-stream.ts'
import { createLink, type AdmittedAs, type CloudflaredLink } from './link.ts'
import type { Registration } from './registration.ts'
import { keepAlive, openSession } from './session.ts'
import { controlHeaders } from './stream-wire.ts'

/** Time for the last words to a connection that is closed on purpose, in milliseconds. */
const lastWordsMs = 500

/** What a registration leads to; a refusal's cause is told to the connector. */
export type Judgement = { readonly admitted: AdmittedAs } | { readonly refused: string } | 'dropped'

export interface ConnectionParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly flood: FloodMeter
  /** Whether one more line may be written about a connection that is not registered. */
  mayTell(): boolean
  register(registration: Registration): Judgement
  /** It was admitted, in the same step. */
  onLinked(link: CloudflaredLink): void
  /** The link is over; or, without one, a connection that never was any. */
  onOver(link: CloudflaredLink | undefined): void
}

/** Takes a connection over from its first byte; answers what lets go of it while it is not registered. */
export function serveConnection(
  socket: TLSSocket,
  peer: Peer,
  parts: ConnectionParts,
): { dropUnregistered(): void } {
  const { clock, logger, flood } = parts
  const session = openSession(socket, { clock, flood, onFault: () => over('lost') })
  const { http2 } = session
  const control = session.request(controlHeaders)
  const running = new DisposableStack()
  let link: CloudflaredLink | undefined
  let isOver = false
  peer.destroyWith(http2)
  // It makes no progress by whatever it says, but by registering.
  const deadline = peer.beginExchange({
    requestBytes: () => 0,
    isPeersTurn: () => true,
    reset: () => over('closed'),
  })

  serveControl(control, clock, {
    onRegister,
    onAnswered,
    onUnregister: () => link?.leave(),
    onConfiguration: (json) => link?.learn(json),
    onOver: (error) => {
      if (error !== undefined && !isOver && (link !== undefined || parts.mayTell())) {
        logger.warn('a connector breaks off', {
          ...link?.about(),
          ip: peer.ip,
          error: messageOf(error),
        })
      }
      // One that goes ends its streams first.
      if (link === undefined || !link.isLeaving || error !== undefined) lost()
      else link.leave()
    },
  })
  running.use(clock.schedule(registrationTimeoutMs, dropUnregistered))
  http2.once('close', lost)
  socket.once('close', lost)

  function onRegister(asked: Registration): RegistrationAnswer {
    const judged = parts.register(asked)
    if (judged === 'dropped' || 'refused' in judged) return judged
    const id = randomUUID()
    const { admitted } = judged
    const about = { id, ip: peer.ip, registration: asked, admitted }
    link = createLink(about, { session, control, socket, clock, logger, over })
    parts.onLinked(link)
    const isRemotelyManaged = admitted.pushed !== undefined
    return { registered: { id, location: admitted.location, isRemotelyManaged } }
  }

  function onAnswered(answer: RegistrationAnswer): void {
    if (isOver) return
    if (answer === 'dropped') return over('closed')
    if ('refused' in answer) return closeBehind()
    deadline.end()
    running.use(peer.carryTunnel())
    running.use(keepAlive(http2, socket, clock, () => over('lost')))
    link?.begin()
  }

  /** A connector whose connection stays open behind a refusal waits for ever. */
  function closeBehind(): void {
    running.use(clock.schedule(lastWordsMs, () => over('closed')))
    socket.once('end', () => over('closed'))
    // The last, since a peer that is gone may be noticed at once (on Bun): then it is over already.
    control.end()
  }

  function lost(): void {
    over(link?.isLeaving === true ? 'closed' : 'lost')
  }

  function over(why: LinkEnd): void {
    if (isOver) return
    isOver = true
    deadline.end()
    running.dispose()
    afterFrames(() => {
      http2.destroy()
      socket.destroy()
    })
    link?.ended(why)
    parts.onOver(link)
  }

  function dropUnregistered(): void {
    if (link === undefined) over('shutdown')
  }

  return { dropUnregistered }
}
