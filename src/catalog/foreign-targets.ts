import { ConfigError, type Problem } from '../errors.ts'
import { parseFrom, type From } from '../routes/from.ts'
import { overlaps } from '../routes/overlap.ts'
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
  const problems = inUse
    .filter(({ id }) => written.has(id))
    .flatMap((own) => problemsOf(own, inUse))
  if (problems.length > 0) throw new ConfigError(problems)
}

function problemsOf(own: HeldRoute, all: readonly HeldRoute[]): readonly Problem[] {
  const targets = targetsOf(own)
  const taken = all
    .filter(({ namespace }) => namespace !== own.namespace)
    .find((other) => targetsOf(other).some((theirs) => targets.some((it) => overlaps(it, theirs))))
  if (taken === undefined) return []
  const message = 'answers to what a route of others answers to as well'
  const hint = 'ask an administrator of the whole gateway'
  return [{ source: `route ${show(own.id)}`, path: 'from', message, hint }]
}

function targetsOf({ route }: HeldRoute): From['targets'] {
  const from = route === undefined ? undefined : parseFrom(route.from)
  return from === undefined || 'fault' in from ? [] : from.targets
}
