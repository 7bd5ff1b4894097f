import { AppError } from '../../../src/errors.ts'
import type { Assembly } from '../../../src/gateway/assemble.ts'
import type { Ended } from '../../../src/telemetry/ended.ts'
import type { Against, Holder } from './facts.ts'
import type { Gates } from './gates.ts'

/** How far a tunnel has come. */
export type Phase =
  | 'not asked for'
  | 'being identified'
  | 'the provider asked'
  | 'its upstream being opened'
  | 'decided again before it opens'
  | 'open'
  | 'open, and decided again'
  | 'cut, and not over'
  | 'over'

/** A tunnel from before it is asked for. */
export interface Opening {
  readonly id: string
  readonly sessionId: string | undefined
  readonly userId: string | undefined
  readonly host: string
  /** The port that it was opened to; undefined before. */
  place: number | undefined
  phase: Phase
  /** The code of a refusal. */
  refused: string | undefined
  /** Why it was cut. */
  ended: Ended | undefined
  isClosedByClient: boolean
  isCutByOperator: boolean
  /** All that has spoken against it since it was asked for, and since it is open. */
  readonly against: Set<Against>
  /** The change by which it may not be open; undefined while it may. */
  forbiddenBy: number | undefined
}

export function newOpening(id: string, holder: Pick<Holder, 'sessionId' | 'userId' | 'host'>) {
  const opening: Opening = {
    ...holder,
    id,
    place: undefined,
    phase: 'not asked for',
    refused: undefined,
    ended: undefined,
    isClosedByClient: false,
    isCutByOperator: false,
    against: new Set(),
    forbiddenBy: undefined,
  }
  return opening
}

export interface OpeningParts {
  readonly gateway: Assembly
  readonly gates: Gates
  /** Whether its client closes it at some time. */
  readonly closes: boolean
  onAsked(): void
  /** Its upstream is about to be opened. */
  onDecided(): void
  /** It is about to be registered. */
  onOpening(): void
  onOpen(): void
}

/** No client goes away while it waits. */
const never = new AbortController().signal

/** Opens one as `serveConnect` does, and carries it without a byte; resolves when it is over. */
export async function open(opening: Opening, parts: OpeningParts): Promise<void> {
  const { gateway, gates, closes } = parts
  const { id, sessionId, host } = opening
  const target = { protocol: 'tcp', host, port: 22 } as const
  await gates.pass('asks for a tunnel', id)
  parts.onAsked()
  try {
    opening.phase = 'being identified'
    const headers = sessionId === undefined ? {} : { authorization: sessionId }
    const client = { ip: '192.0.2.1', endpoints: undefined }
    const known = await gateway.identify(headers, client, target)
    opening.phase = 'the provider asked'
    const caller = await gateway.askAgain(known, target, never)
    const route = gateway.matchRoute(target, caller)
    const request = { requestId: id, target, authority: `${host}:22` }
    const grant = gateway.authorize(request, caller, { route, headers })
    gateway.liveTunnels.checkRoom(grant)
    opening.phase = 'its upstream being opened'
    const { way } = route
    const place = way.kind === 'direct' ? way.to[0]?.port : undefined
    opening.place = place
    parts.onDecided()
    await gates.pass('the upstream opens', id)
    opening.phase = 'decided again before it opens'
    parts.onOpening()
    using tunnel = await gateway.liveTunnels.add(grant, {
      isReachedBy: (next) => next.kind === 'direct' && next.to.some(({ port }) => port === place),
    })
    opening.phase = 'open'
    parts.onOpen()
    const closed = Promise.withResolvers<void>()
    if (closes) void gates.pass('the client closes', id).then(closed.resolve)
    const cut = (): void => {
      opening.ended = tunnel.ended
      opening.phase = 'cut, and not over'
      closed.resolve()
    }
    tunnel.signal.addEventListener('abort', cut, { once: true })
    if (tunnel.signal.aborted) cut()
    await closed.promise
    if (opening.ended === undefined) opening.isClosedByClient = true
    else await gates.pass('the relay ends', id)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    opening.refused = error.code
  }
  opening.phase = 'over'
}
