import { ConfigError, type Problem } from '../errors.ts'
import { parseFrom, type From, type TargetPattern } from '../routes/from.ts'
import { overlaps } from '../routes/overlap.ts'
import type { NewRoute } from '../routes/route.ts'
import { show } from '../schema.ts'
import type { PlannedWrite } from './catalog.ts'
import type { HeldRoute, Holding } from './holding.ts'

/**
 * For who administers some namespaces only: their routes take nothing from those of others, neither as one name out
 * of a wildcard, nor by a wildcard that is tried before. `after` is what would hold.
 *
 * @throws ConfigError
 */
export function refuseForeignTargets(planned: readonly PlannedWrite[], after: Holding): void {
  const written = new Set(planned.filter(({ kind }) => kind === 'route').map(({ id }) => id))
  const inUse = after.heldRoutes.filter(({ source, route }) => source.kind === 'store' && route)
  const own = inUse.filter(({ id }) => written.has(id))
  if (own.length === 0) return
  const taken = takenBy(inUse)
  const problems = own.filter((route) => takesOfOthers(route, taken)).map(problemOf)
  if (problems.length > 0) throw new ConfigError(problems)
}

interface Taken extends Pick<HeldRoute, 'namespace'> {
  readonly target: TargetPattern
}

/** Names apart, by their text: of thousands a name is compared with its own. */
interface TakenTargets {
  readonly names: ReadonlyMap<string, readonly Taken[]>
  readonly wildcards: readonly Taken[]
  readonly all: readonly Taken[]
}

function takenBy(routes: readonly HeldRoute[]): TakenTargets {
  const all = routes.flatMap(({ namespace, route }) =>
    targetsOf(route).map((target): Taken => ({ namespace, target })),
  )
  const [wildcards, names] = [true, false].map((wanted) =>
    all.filter(({ target }) => target.host.includes('*') === wanted),
  )
  const byName = Map.groupBy(names ?? [], ({ target }) => target.host)
  return { names: byName, wildcards: wildcards ?? [], all }
}

function takesOfOthers({ namespace, route }: HeldRoute, taken: TakenTargets): boolean {
  return targetsOf(route).some((target) =>
    (target.host.includes('*')
      ? taken.all
      : [...(taken.names.get(target.host) ?? []), ...taken.wildcards]
    ).some((other) => other.namespace !== namespace && overlaps(other.target, target)),
  )
}

function problemOf({ id }: HeldRoute): Problem {
  const message = 'answers to what a route of others answers to as well'
  const hint = 'ask an administrator of the whole gateway'
  return { source: `route ${show(id)}`, path: 'from', message, hint }
}

/** A route that nothing has changed stays the same object. */
const known = new WeakMap<NewRoute, From['targets']>()

function targetsOf(route: NewRoute | undefined): From['targets'] {
  if (route === undefined) return []
  const before = known.get(route)
  if (before !== undefined) return before
  const from = parseFrom(route.from)
  const targets = 'fault' in from ? [] : from.targets
  known.set(route, targets)
  return targets
}
