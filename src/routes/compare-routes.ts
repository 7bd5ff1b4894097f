import { show } from '../schema.ts'
import { formatTarget, type TargetPattern } from './from.ts'
import { madeRouteId } from './open-route.ts'
import {
  createRouteNotes,
  type FaultDetails,
  type RouteFault,
  type RouteFindings,
  type RouteNotes,
} from './route-findings.ts'
import type { RouteValues } from './route-keys.ts'
import { compareText, coversTarget } from './table.ts'

/** A route of a list, and where in it. */
export interface PlacedRoute {
  readonly index: number
  /** Undefined for one that is made. */
  readonly id: string | undefined
  readonly from: NonNullable<RouteValues['from']>
  readonly namespace?: string | undefined
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

/** What routes have taken, for telling whether another one may stand beside them. */
export interface RouteClaims {
  /** Takes the id and the targets of a route. */
  claim(route: PlacedRoute): void
  /** Takes everything that it answers to besides: of a wildcard each name that it covers. */
  claimCovered(route: PlacedRoute): void
  /** Why a route may not stand beside those; paths are within it. */
  faultsOf(route: Omit<PlacedRoute, 'index'>): readonly RouteFault[]
}

/** The same rules as `compareRoutes`, one route after the other. `nameOf` is asked for claimed ones. */
export function createRouteClaims(nameOf: (index: number) => string): RouteClaims {
  const ids = new Map<string, PlacedRoute>()
  const targets = new Map<string, PlacedRoute>()
  const wide: { readonly target: TargetPattern; readonly owner: PlacedRoute }[] = []
  function claim(route: PlacedRoute): void {
    const { id, from } = route
    if (id !== undefined && !ids.has(id)) ids.set(id, route)
    for (const target of from.targets.map(formatTarget))
      if (!targets.has(target)) targets.set(target, route)
  }
  return {
    claim,
    claimCovered(route) {
      claim(route)
      for (const target of route.from.targets)
        if (isWide(target)) wide.push({ target, owner: route })
    },
    faultsOf({ id, from }) {
      const notes = createRouteNotes()
      const owner = id === undefined ? undefined : ids.get(id)
      if (id !== undefined && owner !== undefined)
        notes.fault(
          ['id'],
          sameId(id, nameOf(owner.index)),
          ofOther(owner, sameId(id, 'another route')),
        )
      for (const target of from.targets.map(formatTarget)) {
        const taken = targets.get(target)
        if (taken === undefined) continue
        const told = ofOther(taken, sameTarget(target, 'another route'))
        notes.fault(['from'], sameTarget(target, nameOf(taken.index)), told)
      }
      for (const target of from.targets) {
        const taken = wide.find((it) => takesFrom(target, it.target))
        if (taken === undefined) continue
        const how = coversTarget(taken.target, target) ? 'is among' : 'takes some of'
        const what = (whose: string): string =>
          `"${formatTarget(target)}" ${how} what ${whose} answers to`
        const message = `${what(nameOf(taken.owner.index))}: "${formatTarget(taken.target)}"`
        notes.fault(['from'], message, ofOther(taken.owner, what('another route')))
      }
      return notes.faults
    },
  }
}

function ofOther({ namespace }: PlacedRoute, message: string): FaultDetails {
  return { other: { namespace, message } }
}

/** What answers to more than its own text. */
function isWide({ host, port }: TargetPattern): boolean {
  return port === undefined || host.includes('*')
}

/** A name is tried before every wildcard: without a port it takes that name's from one that has a port, too. */
function takesFrom(target: TargetPattern, from: TargetPattern): boolean {
  const isName = target.port === undefined && !target.host.includes('*')
  const taken = isName ? { ...from, port: undefined } : from
  return formatTarget(target) !== formatTarget(from) && coversTarget(taken, target)
}

function sameId(id: string, owner: string): string {
  return `${show(id)} is already the id of ${owner}`
}

function sameTarget(target: string, owner: string): string {
  return `"${target}" already belongs to ${owner}`
}

/** Ids that are made are the same for the same `from`, which is told by its targets; one that is written may be such. */
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
    else notes.fault([index, 'id'], sameId(id, nameOf(owner)))
  }
  for (const { id, index, from } of routes) {
    if (id !== undefined) continue
    const made = madeRouteId(from.text)
    const owner = owners.get(made)
    if (owner !== undefined) notes.fault([owner, 'id'], sameId(made, nameOf(index)))
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
      else notes.fault([index, 'from'], sameTarget(target, nameOf(owner)))
    }
  }
}

/**
 * Wildcards are tried in the order of their `from`, not from the narrowest: a wide one that comes
 * first takes everything from a narrow one, whose stricter policy would then protect nothing.
 */
function warnOfHidden(routes: readonly PlacedRoute[], notes: RouteNotes): void {
  const wildcards = routes
    .flatMap((route) =>
      route.from.targets.map((target) => ({ text: route.from.text, route, target })),
    )
    .filter(({ target }) => target.host.includes('*'))
    .toSorted((a, b) => compareText(a.text, b.text))
  for (const [at, { route, target }] of wildcards.entries()) {
    const hider = wildcards.slice(0, at).find((other) => hides(other.target, target))
    if (hider === undefined) continue
    const message = (what: string): string =>
      `is never reached: ${what} is tried first and matches all of it`
    const hint = 'wildcards are tried in the alphabetical order of "from"'
    const told = ofOther(hider.route, message('another route'))
    notes.warn([route.index, 'from'], message(show(hider.text)), { hint, ...told })
  }
}

function hides(first: TargetPattern, second: TargetPattern): boolean {
  return coversTarget(first, second) && formatTarget(first) !== formatTarget(second)
}
