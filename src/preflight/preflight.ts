import { lookup as systemLookup } from 'node:dns'
import { networkInterfaces } from 'node:os'
import { authorityChecks } from './authority.ts'
import type { PreflightCheck, PreflightOptions, Trying } from './check.ts'
import { connectorChecks } from './connectors.ts'
import { destinationChecks } from './destinations.ts'
import { listenerChecks } from './listeners.ts'
import { nameChecks } from './names.ts'
import { checkProvider } from './provider.ts'
import { findRunning } from './running.ts'
import { upstreamChecks } from './upstreams.ts'
import { zoneChecks } from './zones.ts'

/**
 * Longest wait for one answer, in milliseconds: as long as a gateway waits for an upstream.
 *
 * @limit time that "postern gateway check --online" waits for a name, a connection or an answer: it is said not to answer
 */
const defaultTimeoutMs = 10_000

/** @limit none: what is tried at the same time; the rest waits for its turn */
const maxAtOnce = 16

/** What has come out, of how many things that are tried. */
export interface Preflight {
  readonly total: number
  /** How many of them have come out, told or not yet. */
  done(): number
  /** Of each thing that is tried, in their order; throws the reason of the signal when that ends it. */
  results(): AsyncGenerator<readonly PreflightCheck[]>
}

/**
 * Tries what a configuration leads to, each for a bounded time: providers, the addresses to listen on, names with their
 * certificates, what is dialled for routes, receivers of the audit log, the authority of certificates and DNS servers.
 * Nothing else is dialled, and nothing is changed.
 */
export function preflight(options: PreflightOptions): Preflight {
  const trying: Trying = {
    timeoutMs: defaultTimeoutMs,
    lookup: systemLookup,
    ownAddresses: addressesHere,
    now: Date.now,
    ...options,
  }
  const { config, timeoutMs } = trying
  const running = findRunning(config.stateDirectory, timeoutMs)
  const jobs = [
    ...config.identityProviders.map((it) => async () => checkProvider(it, trying)),
    ...listenerChecks(trying, running),
    ...nameChecks(trying),
    ...upstreamChecks(trying),
    async () => connectorChecks(config, running),
    ...destinationChecks(trying),
    ...authorityChecks(trying),
    ...zoneChecks(trying),
  ]
  let done = 0
  const counted = jobs.map((job) => async () => {
    const found = await job()
    done += 1
    return found
  })
  return {
    total: jobs.length,
    done: () => done,
    results: () => inTheirOrder(counted, maxAtOnce),
  }
}

function addressesHere(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).map(({ address }) => address),
  )
}

/** Does so many things at the same time, and answers with what came of each in their order. */
async function* inTheirOrder<T>(
  jobs: readonly (() => Promise<T>)[],
  atOnce: number,
): AsyncGenerator<T> {
  const outcomes = jobs.map(() => Promise.withResolvers<T>())
  // One that is awaited later may fail before.
  for (const { promise } of outcomes) promise.catch(() => undefined)
  let next = 0
  const work = async (): Promise<void> => {
    while (next < jobs.length) {
      const at = next
      next += 1
      await jobs[at]?.().then(outcomes[at]?.resolve, outcomes[at]?.reject)
    }
  }
  const workers = Array.from({ length: atOnce }, work)
  for (const { promise } of outcomes) yield await promise
  await Promise.all(workers)
}
