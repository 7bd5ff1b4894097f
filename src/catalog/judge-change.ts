import { ConfigError, PeerError, type Problem } from '../errors.ts'
import { show } from '../schema.ts'
import type { RouteFault } from '../routes/route-findings.ts'
import { formatPath } from '../yaml-text.ts'
import type { DocumentKind } from './document.ts'
import type { Held, HeldPolicy, Holding } from './holding.ts'

/** A document that a change writes or deletes. */
export interface ChangedDocument {
  readonly kind: DocumentKind
  readonly id: string
  /** Whether what it says is another: then it may have no fault. Disabling one that has is always possible. */
  readonly isJudged: boolean
  /** Names it in problems, where it came from a text. */
  readonly locate?: (fault: RouteFault) => Problem
}

/**
 * Lets a change pass that leaves no fault behind: neither in what it writes, nor in others that were in use before.
 *
 * @throws ConfigError with every fault of what it writes; PeerError `policy-in-use`, `route-in-use` for those that it
 * would put out of use, `malformed-request` for one that it writes twice
 */
export function judgeChange(
  before: Holding,
  after: Holding,
  changes: readonly ChangedDocument[],
): void {
  requireOnce(changes)
  refuseFaults(after, changes)
  for (const { kind, id } of changes) {
    const policy = kind === 'policy' ? storedIn(before.heldPolicies, id) : undefined
    if (policy !== undefined) refuseLost(policy, after)
  }
  refuseOutOfUse(before, after, changes)
}

/** Of two there is no telling which is meant, and the history would have both. */
function requireOnce(changes: readonly ChangedDocument[]): void {
  const seen = new Set<string>()
  for (const { kind, id } of changes) {
    const key = `${kind}/${id}`
    if (seen.has(key))
      throw new PeerError('malformed-request', `the ${kind} ${show(id)} is named twice`, {
        hint: 'name each once',
      })
    seen.add(key)
  }
}

/**
 * Lets a change pass whose documents have no fault. `told`: how each is told to who makes it.
 *
 * @throws ConfigError with every fault
 */
export function refuseFaults(
  after: Holding,
  changes: readonly ChangedDocument[],
  told: (fault: RouteFault) => RouteFault = (fault) => fault,
): void {
  const problems = changes.flatMap((change) =>
    change.isJudged ? faultsOf(after, change, told) : [],
  )
  if (problems.length > 0) throw new ConfigError(problems)
}

function faultsOf(
  after: Holding,
  { kind, id, locate }: ChangedDocument,
  told: (fault: RouteFault) => RouteFault,
): readonly Problem[] {
  const held = storedIn<Held>(kind === 'route' ? after.heldRoutes : after.heldPolicies, id)
  const faults = (held?.faults ?? []).map(told)
  const toProblem = ({ path, message, hint }: RouteFault): Problem => ({
    source: `${kind} ${show(id)}`,
    path: formatPath(path),
    message,
    hint,
  })
  return faults.map(locate ?? toProblem)
}

/** Of two of one id the file's is the other. */
export function storedIn<Kind extends Held>(all: readonly Kind[], id: string): Kind | undefined {
  return all.find((held) => held.id === id && held.source.kind === 'store')
}

/** Also by routes that are disabled: nobody could enable them again. */
function refuseLost({ id, usedBy }: HeldPolicy, after: Holding): void {
  if (after.heldPolicies.some((policy) => policy.id === id)) return
  const left = after.heldRoutes.filter(({ policyNames }) => policyNames.includes(id))
  if (left.length === 0) return
  throw policyInUse(
    id,
    left.map((route) => route.id).filter((it) => usedBy.includes(it)),
  )
}

function refuseOutOfUse(
  before: Holding,
  after: Holding,
  changes: readonly ChangedDocument[],
): void {
  const inUse = new Set(after.routes.map(({ id }) => id))
  const lost = before.routes.filter(({ id }) => !inUse.has(id) && !isMeantToGo(after, id))
  const [first] = lost
  if (first === undefined) return
  const names = new Set(after.heldRoutes.find(({ id }) => id === first.id)?.policyNames)
  const policy = changes.find(({ kind, id }) => kind === 'policy' && names.has(id))
  const ids = lost.map(({ id }) => id)
  throw policy === undefined ? routesInUse(ids) : policyInUse(policy.id, ids)
}

/** Deleted, or disabled. One that is only tagged anew beside what its policy becomes is lost like any other. */
function isMeantToGo({ heldRoutes }: Holding, id: string): boolean {
  return storedIn(heldRoutes, id)?.isDisabled !== false
}

function policyInUse(name: string, routeIds: readonly string[]): PeerError {
  const message = `the policy ${show(name)} is used by ${listOf(routeIds)}`
  return new PeerError('policy-in-use', message, {
    hint: 'take it out of their "policy_names" first, or change both at once',
  })
}

function routesInUse(routeIds: readonly string[]): PeerError {
  return new PeerError('route-in-use', `this would put ${listOf(routeIds)} out of use`)
}

/** @limit none: ids that a message names */
const maxNamed = 10

function listOf(routeIds: readonly string[]): string {
  const named = routeIds.slice(0, maxNamed).map((id) => show(id))
  const more = routeIds.length - named.length
  return `${routeIds.length === 1 ? 'route' : 'routes'} ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
