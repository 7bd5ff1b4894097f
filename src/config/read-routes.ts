import { show, valueAt } from '../schema.ts'
import type { Path, YamlText } from '../yaml-text.ts'
import { formatTarget } from '../routes/from.ts'
import type { Target } from '../routes/from.ts'
import type { Route } from '../routes/route.ts'
import { compareText, coversTarget } from '../routes/table.ts'
import type { PolicyNeeds } from './readers/sign-in.ts'
import type { Findings } from './source/findings.ts'
import { readRoute } from './read-route.ts'
import type { ReadRoute, RouteSurroundings } from './read-route.ts'

export interface ReadRoutes extends PolicyNeeds {
  readonly routes: readonly Route[]
}

interface PlacedRoute extends ReadRoute {
  readonly path: Path
}

/** Reads every route of a list, and what they mean beside each other. */
export async function readRoutes(
  text: YamlText,
  path: Path,
  findings: Findings,
  surroundings: RouteSurroundings,
): Promise<ReadRoutes> {
  const list = valueAt(text.value, path)
  const placed: PlacedRoute[] = []
  for (const index of Array.isArray(list) ? list.keys() : []) {
    const at = [...path, index]
    const read = await readRoute(text, at, findings, surroundings)
    if (read !== undefined) placed.push({ ...read, path: at })
  }
  if (Array.isArray(list) ? list.length === 0 : list === undefined) {
    findings.warnings.push(text.problem(path, 'has no route: every tunnel is refused'))
  }
  refuseSameTargets(text, placed, findings)
  warnOfHidden(text, placed, findings)
  return {
    routes: placed.map(({ route }) => route).filter((route) => route !== undefined),
    readsSubject: placed.some(({ readsSubject }) => readsSubject),
    needsProvider: placed.some(({ needsProvider }) => needsProvider),
  }
}

function refuseSameTargets(
  text: YamlText,
  placed: readonly PlacedRoute[],
  findings: Findings,
): void {
  const owners = new Map<string, PlacedRoute>()
  for (const route of placed) {
    for (const target of route.targets.map(formatTarget)) {
      const owner = owners.get(target)
      if (owner === undefined) owners.set(target, route)
      else {
        const { line } = text.problem(owner.path, '')
        const message = `"${target}" already belongs to the route on line ${line ?? '?'}`
        findings.problems.push(text.problem([...route.path, 'from'], message))
      }
    }
  }
}

/**
 * Wildcards are tried in the order of their `from`, not from the narrowest: a wide one that comes
 * first takes everything from a narrow one, whose stricter policy would then protect nothing.
 */
function warnOfHidden(text: YamlText, placed: readonly PlacedRoute[], findings: Findings): void {
  const wildcards = placed
    .flatMap((route) => route.targets.map((target) => ({ route, target })))
    .filter(({ target }) => target.host.includes('*'))
    .toSorted((a, b) => compareText(a.route.from, b.route.from))
  for (const [index, { route, target }] of wildcards.entries()) {
    const hider = wildcards.slice(0, index).find((other) => hides(other.target, target))
    if (hider === undefined) continue
    const message = `is never reached: ${show(hider.route.from)} is tried first and matches all of it`
    const hint = 'wildcards are tried in the alphabetical order of "from"'
    findings.warnings.push(text.problem([...route.path, 'from'], message, { hint }))
  }
}

function hides(first: Target, second: Target): boolean {
  return formatTarget(first) !== formatTarget(second) && coversTarget(first, second)
}
