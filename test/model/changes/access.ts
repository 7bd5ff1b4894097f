import type { Access, Route } from '../facts.ts'
import type { Random } from '../random.ts'
import { type Holder, judge } from '../reference.ts'
import { type Rig, ips } from '../rig.ts'
import { tickMs } from '../rules.ts'
import { aliveOf } from './sessions.ts'
import { ask } from './tunnels.ts'

/** Somebody lets themselves in for a while, mostly where no rule does, or what they have is taken back. */
export async function changeAccess(rig: Rig, random: Random): Promise<boolean> {
  const { world, facts } = rig
  const given = facts.accesses.filter(({ isOver, untilMs }) => !isOver && untilMs > facts.nowMs)
  const used = given.filter(({ id }) => facts.open.some(({ accessId }) => accessId === id))
  if (given.length > 0 && random.isIn(used.length > 0 ? 60 : 20)) {
    return endAccess(rig, random.pick(used.length > 0 ? used : given))
  }
  const session = random.pick([undefined, ...aliveOf(rig, 'people')])
  const routes = facts.routes.filter(({ hasBreakGlass, isThere }) => hasBreakGlass && isThere)
  if (session?.person === undefined || routes.length === 0) return false
  const { person } = session
  const holderAt = ({ host }: Route): Holder => ({
    session,
    ip: random.pick(ips),
    certificate: undefined,
    host,
  })
  const shut = routes.filter((it) => !judge(facts, holderAt(it)).isAllowed)
  const route = random.pick(shut.length > 0 ? shut : routes)
  if (given.some((it) => it.userId === person.userId && it.routeId === route.id)) return false
  const forMs = (2 + random.below(40)) * tickMs
  const { id } = await world.accessRequests.add({
    routeId: route.id,
    routeFrom: `tcp+https://${route.host}:22`,
    userId: person.userId,
    email: person.email,
    reason: '',
    forMs,
    isBreakGlass: true,
  })
  const access = { userId: person.userId, routeId: route.id, untilMs: facts.nowMs + forMs }
  facts.accesses.push({ id, ...access, isOver: false })
  await ask(rig, holderAt(route))
  return true
}

async function endAccess({ world, facts }: Rig, access: Access): Promise<boolean> {
  const read = await world.accessRequests.find(access.id)
  if (read === undefined) throw new Error('access that was given is nowhere')
  access.isOver = true
  await world.accessRequests.change(read, {
    state: 'ended',
    endedBy: 'model',
    endedAtMs: facts.nowMs,
  })
  return true
}
