import type { SavedConnection } from '../../wire/connection.ts'
import { leadsTo, type Wanted } from './wanted.ts'

/** A connection that there is. */
export interface Have {
  readonly saved: SavedConnection
  /** The route that made it, as `sourceOf` says it; undefined for one that a person made. */
  readonly source: string | undefined
  /** Gateway and destination, as `leadsTo` says them; empty where it leads nowhere. */
  readonly leadsTo: string
}

export interface Paired {
  readonly pairs: readonly (readonly [Wanted, Have])[]
  readonly added: readonly Wanted[]
  readonly left: readonly Have[]
}

/**
 * Finds for what routes make the connections that they made before: by route and destination; where a route has one
 * of either left, its destination is another now; at last those of routes that are gone by destination alone, since a
 * Pomerium gives a route that was changed another id.
 */
export function pairUp(
  wanted: readonly Wanted[],
  have: readonly Have[],
  isGone: (source: string) => boolean,
): Paired {
  const pairs: (readonly [Wanted, Have])[] = []
  const [openWanted, openHave] = [new Set(wanted), new Set(have)]
  const match = (keyOfWanted: (one: Wanted) => Key, keyOfHave: (one: Have) => Key): void => {
    const byKey = Map.groupBy(openHave, keyOfHave)
    for (const one of openWanted) {
      const key = keyOfWanted(one)
      const found = key === undefined ? undefined : byKey.get(key)?.shift()
      if (found === undefined) continue
      pairs.push([one, found])
      openWanted.delete(one)
      openHave.delete(found)
    }
  }
  match(
    (one) => `${one.source} ${leadsTo(one)}`,
    (one) => `${one.source} ${one.leadsTo}`,
  )
  const lonely = onlyOnes(openWanted, openHave)
  const ifLonely = ({ source }: Wanted | Have): Key =>
    source !== undefined && lonely.has(source) ? source : undefined
  match(ifLonely, ifLonely)
  match(leadsTo, (one) => (isGone(one.source ?? '') ? one.leadsTo : undefined))
  return { pairs, added: [...openWanted], left: [...openHave] }
}

/** Undefined for none. */
type Key = string | undefined

/** Sources of which one is wanted and one there. */
function onlyOnes(wanted: ReadonlySet<Wanted>, have: ReadonlySet<Have>): ReadonlySet<string> {
  const countsOf = (all: ReadonlySet<Wanted | Have>): Map<Key, number> => {
    const groups = Map.groupBy(all, ({ source }): Key => source)
    return new Map(Array.from(groups, ([source, { length }]) => [source, length]))
  }
  const there = countsOf(have)
  return new Set(
    Array.from(countsOf(wanted), ([source, count]) =>
      source !== undefined && count === 1 && there.get(source) === 1 ? source : '',
    ),
  )
}
