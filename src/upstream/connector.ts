import type { Destination } from '../access/tunnel-register.ts'
import { UpstreamError } from '../errors.ts'
import type { Link } from '../links/link.ts'
import type { ConnectorWay } from '../routes/upstream-way.ts'
import {
  LinkSilentError,
  LinkSlowError,
  openUnlessSilent,
  type LeaveSilentOptions,
} from './leave-silent.ts'
import type { Attempt, AttemptsOf } from './way.ts'

/**
 * Attempts for one tunnel, each of which may wait for a connector to dial its service.
 *
 * @limit connections of connectors that are tried for one tunnel: 503
 */
const maxAttempts = 4
/** So many silent ones are left for others: where all are silent, the way is slow, and has to be waited for. */
const leavable = 2
/**
 * From then on no further attempt is begun, in milliseconds: whoever waits has been told nothing yet.
 *
 * @limit time in which connections of connectors are tried for one tunnel, the last attempt apart: 503
 */
const maxTryingMs = 30_000

/**
 * What a connector answers for itself, whichever of its connections is asked: another connector may do
 * better, another connection of the same one does not.
 */
const ownAnswers = new Set([
  'connector-no-rule',
  'connector-not-served',
  'connector-origin-unreachable',
  'connector-bad-grant',
])

/** Through a connector: the connections of it that take streams, until one opens. */
export const connector: AttemptsOf<ConnectorWay> = (
  way,
  grant,
  { links, clock, bastionTarget },
) => {
  const hostname = grant.request.target.host.toLowerCase()
  const isByClient = bastionTarget !== undefined
  const request = { grant, hostname, service: bastionTarget ?? way.service, isByClient }
  return attemptsAt(links.toward(way, hostname), (link, others) => ({
    destination: destinationOf(way, link),
    async open(signal) {
      try {
        return await openUnlessSilent(link, request, { clock, signal, ...others })
      } catch (error) {
        // Before the next tunnel pays for the same machine by another connection.
        if (error instanceof LinkSilentError) links.doubt(link)
        if (error instanceof LinkSlowError) links.avoid(link)
        throw error
      }
    },
  }))
}

type Others = Pick<LeaveSilentOptions, 'hasOther' | 'hasOtherConnector'>

/** Looks at each connection when its turn comes: by then it may have gone. */
function* attemptsAt(
  links: readonly Link[],
  attemptAt: (link: Link, others: Others) => Attempt,
): Generator<Attempt> {
  const answered = new Set<string>()
  const slow = new Set<string>()
  const left: Link[] = []
  const waiting = [...links]
  const isOpen = (link: Link): boolean => link.isReady && !answered.has(link.connectorId)
  const isNext = (link: Link): boolean => isOpen(link) && !slow.has(link.connectorId)
  const sinceMs = performance.now()
  for (let made = 0; made < maxAttempts; made += 1) {
    // The first is always made, so that there is something to say.
    const link =
      made === 0 ? waiting.shift() : (takeFirst(waiting, isNext) ?? takeFirst(left, isOpen))
    if (link === undefined || (made > 0 && performance.now() - sinceMs > maxTryingMs)) return
    const { connectorId } = link
    const { destination, open } = attemptAt(link, {
      hasOther: () => left.length < leavable && waiting.some(isNext),
      hasOtherConnector: () => waiting.some((it) => it.connectorId !== connectorId && isNext(it)),
    })
    yield {
      destination,
      open: (signal) =>
        open(signal).catch((error: unknown) => {
          if (error instanceof UpstreamError && ownAnswers.has(error.code))
            answered.add(connectorId)
          if (error instanceof LinkSlowError) slow.add(connectorId)
          if (error instanceof LinkSilentError || error instanceof LinkSlowError) left.push(link)
          throw error
        }),
    }
  }
}

function takeFirst(links: Link[], fits: (link: Link) => boolean): Link | undefined {
  const index = links.findIndex(fits)
  return index < 0 ? undefined : links.splice(index, 1)[0]
}

/** Whoever deletes a tunnel or takes its name away ends its connections; here only the route is compared. */
function destinationOf(
  { tunnel, service, isBastion }: ConnectorWay,
  { tunnelId, connectorId }: Link,
): Destination {
  return {
    connector: { tunnelId, connectorId },
    isReachedBy: (way) =>
      way.kind === 'connector' &&
      way.tunnel === tunnel &&
      way.isBastion === isBastion &&
      way.service?.host === service?.host &&
      way.service?.port === service?.port,
  }
}
