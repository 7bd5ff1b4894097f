import type { Facts } from '../facts.ts'
import type { Random } from '../random.ts'
import { type Holder, judge } from '../reference.ts'
import { reload, type Rig } from '../rig.ts'
import { ask, drawHolder, mayOpen } from './tunnels.ts'

/**
 * Has somebody a tunnel by what says that they are in a group, before that changes: of a route that asks for the group, where
 * none does. `without` leaves out of the facts what the tunnel is to rest on.
 */
export async function restOn(
  rig: Rig,
  group: string,
  without: (facts: Facts) => Facts,
  random: Random,
): Promise<void> {
  const { facts } = rig
  const draw = (): Holder | undefined =>
    Array.from({ length: 40 }, () => drawHolder(rig, random)).find(
      (holder) => mayOpen(rig, holder) && !judge(without(facts), holder).isAllowed,
    )
  let resting = draw()
  // Of a route that nobody has a tunnel of: what is written in between cuts none.
  const used = new Set(facts.open.map((tunnel) => judge(facts, tunnel).route))
  const route = facts.routes.find(
    (it) =>
      it.isThere &&
      !it.isStored &&
      !it.host.startsWith('*') &&
      it.place.kind !== 'connector' &&
      !used.has(it),
  )
  if (resting === undefined && route !== undefined && random.isIn(90)) {
    route.rules = [{ side: 'allow', operator: 'or', tests: [{ kind: 'group', name: group }] }]
    await reload(rig)
    resting = draw()
  }
  if (resting !== undefined) await ask(rig, resting)
}
