import { show } from '../schema.ts'
import { formatTarget, type TargetPattern } from './from.ts'
import { createRouteNotes, type RouteFindings, type RouteNotes } from './route-findings.ts'
import type { RouteValues } from './route-keys.ts'
import { compareText, coversTarget } from './table.ts'

/** A route of a list, and where in it. */
export interface PlacedRoute {
  readonly index: number
  /** Undefined for one that is made. */
  readonly id: string | undefined
  readonly from: NonNullable<RouteValues['from']>
}

/**
 * What is wrong with routes beside each other; paths begin with the index of a route. `nameOf` says
 * which one another route is, such as `the route on line 12`.
 */
export function compareRoutes(
  routes: readonly PlacedRoute[],
  nameOf: (index: number) => string,
): RouteFindings {
  const notes = createRouteNotes()
  refuseSameIds(routes, nameOf, notes)
  refuseSameTargets(routes, nameOf, notes)
  warnOfHidden(routes, notes)
  return { faults: notes.faults, warnings: notes.warnings }
}

/** Ids that are made are the same for the same `from`, which is told by its targets. */
function refuseSameIds(
  routes: readonly PlacedRoute[],
  nameOf: (index: number) => string,
  notes: RouteNotes,
): void {
  const owners = new Map<string, number>()
  for (const { id, index } of routes) {
    if (id === undefined) continue
    const owner = owners.get(id)
    if (owner === undefined) owners.set(id, index)
    else notes.fault([index, 'id'], `${show(id)} is already the id of ${nameOf(owner)}`)
  }
}

function refuseSameTargets(
  routes: readonly PlacedRoute[],
  nameOf: (index: number) => string,
  notes: RouteNotes,
): void {
  const owners = new Map<string, number>()
  for (const { from, index } of routes) {
    for (const target of from.targets.map(formatTarget)) {
      const owner = owners.get(target)
      if (owner === undefined) owners.set(target, index)
      else notes.fault([index, 'from'], `"${target}" already belongs to ${nameOf(owner)}`)
    }
  }
}

/**
 * Wildcards are tried in the order of their `from`, not from the narrowest: a wide one that comes
 * first takes everything from a narrow one, whose stricter policy would then protect nothing.
 */
function warnOfHidden(routes: readonly PlacedRoute[], notes: RouteNotes): void {
  const wildcards = routes
    .flatMap(({ from, index }) =>
      from.targets.map((target) => ({ text: from.text, index, target })),
    )
    .filter(({ target }) => target.host.includes('*'))
    .toSorted((a, b) => compareText(a.text, b.text))
  for (const [at, { index, target }] of wildcards.entries()) {
    const hider = wildcards.slice(0, at).find((other) => hides(other.target, target))
    if (hider === undefined) continue
    const message = `is never reached: ${show(hider.text)} is tried first and matches all of it`
    const hint = 'wildcards are tried in the alphabetical order of "from"'
    notes.warn([index, 'from'], message, { hint })
  }
}

function hides(first: TargetPattern, second: TargetPattern): boolean {
  return formatTarget(first) !== formatTarget(second) && coversTarget(first, second)
}
