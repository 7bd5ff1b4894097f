import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { Grant } from '../access/grant.ts'
import { systemClock } from '../clock.ts'
import { connectorAway } from '../links/register.ts'
import type { Destination } from '../access/tunnel-register.ts'
import { formatAuthority } from '../address.ts'
import { SystemError, UpstreamError, messageOf, systemCode } from '../errors.ts'
import { dial } from '../net/dial.ts'
import { whomToAsk } from '../routes/route.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Attempt, WayParts } from './way.ts'
import { bastionTargetOf, bastionTargetRefused } from './bastion.ts'
import { attemptsOf } from './ways.ts'

/** An upstream that is ready for a tunnel. */
export interface OpenedUpstream {
  readonly stream: Duplex
  readonly destination: Destination
}

export type OpenUpstream = (grant: Grant, signal: AbortSignal) => Promise<OpenedUpstream>

export interface OpenUpstreamParts extends Partial<
  Pick<WayParts, 'clock' | 'dial' | 'random' | 'answerTimeoutMs'>
> {
  readonly metrics: Pick<Metrics, 'dialled'>
  readonly links: WayParts['links']
  /** Told of each attempt, before anything is asked for or dialled. */
  onAttempt?(grant: Grant, destination: Destination): void
}

/**
 * Makes the one function that opens upstreams. It makes the attempts that the route's way names, in their
 * order, and throws `UpstreamError` `upstream-unreachable` when none succeeds, `AccessError`
 * `bastion-target-refused` when that is by the connector's list, or `SystemError` `gateway-exhausted` when
 * it is for want of something on this machine.
 */
export function createOpenUpstream({
  metrics,
  links,
  clock = systemClock,
  random = Math.random,
  dial: begin = dial,
  answerTimeoutMs,
  onAttempt,
}: OpenUpstreamParts): OpenUpstream {
  // A pseudonym, by which a gateway finds that a request has come back to it.
  const ownName = `postern-${randomBytes(8).toString('hex')}`
  const parts = { clock, dial: begin, links, random, ownName, answerTimeoutMs }

  return async (grant, signal) => {
    const failures: unknown[] = []
    for (const { destination, open } of attemptsFor(grant, parts)) {
      const startedMs = performance.now()
      onAttempt?.(grant, destination)
      try {
        const stream = await open(signal)
        metrics.dialled('ok', performance.now() - startedMs)
        return { stream, destination }
      } catch (error) {
        failures.push(error)
        if (signal.aborted) break
        metrics.dialled('failed', performance.now() - startedMs)
      }
    }
    throw failures.some(isShortage)
      ? exhausted(failures)
      : (bastionTargetRefused(grant, failures) ?? unreachable(grant, failures))
  }
}

function attemptsFor(grant: Grant, parts: Omit<WayParts, 'bastionTarget'>): Iterable<Attempt> {
  // Here and not in the way of connectors alone: on every other one it would be passed over.
  const bastionTarget = bastionTargetOf(grant)
  try {
    return attemptsOf(grant.route.way, grant, { ...parts, bastionTarget })
  } catch (error) {
    throw error instanceof UpstreamError ? unreachable(grant, [error]) : error
  }
}

/** Callers hear which route it is; where it leads and what was said there is for the log alone. */
function unreachable(
  { route, caller, request }: Grant,
  failures: readonly unknown[],
): UpstreamError {
  const whom = caller.session === undefined ? 'whoever runs it' : whomToAsk(route)
  const away = caller.session && failures.find(isAway)
  const why = away instanceof UpstreamError ? `: ${away.message}` : ''
  const { bastionTarget } = request
  const what = bastionTarget ? `"${formatAuthority(bastionTarget)}"` : 'the service'
  const isUnserved = caller.session !== undefined && failures.every(isWithoutService)
  const because = isUnserved ? ': no rule of its connector serves it' : why
  const message = `${what} behind route "${route.name}" cannot be reached${because}`
  return new UpstreamError('upstream-unreachable', message, {
    hint: isUnserved
      ? `trying again changes nothing: tell ${whom} the request id`
      : `it may be down: try again, or tell ${whom} the request id`,
    cause: new Error(failures.map(messageOf).join('; ')),
  })
}

/** What somebody who is signed in, and may use the route, is told of a connector. */
function isAway(error: unknown): boolean {
  return error instanceof UpstreamError && connectorAway.has(error.code)
}

/** By these a connector says that its rules have nothing for the name. */
const unserved = new Set(['connector-no-rule', 'connector-not-served'])

function isWithoutService(error: unknown): boolean {
  return error instanceof UpstreamError && unserved.has(error.code)
}

/** What connecting asks of this machine and may not get, whatever the upstream does. */
const shortages = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL'])

function isShortage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const within = error instanceof AggregateError ? (error.errors as unknown[]) : []
  return shortages.has(systemCode(error) ?? '') || [error.cause, ...within].some(isShortage)
}

function exhausted(failures: readonly unknown[]): SystemError {
  const message = 'this gateway cannot open another connection now; the service itself may be fine'
  return new SystemError('gateway-exhausted', message, {
    hint: 'try again in a moment, or tell whoever runs this gateway the request id',
    cause: new Error(failures.map(messageOf).join('; ')),
  })
}
