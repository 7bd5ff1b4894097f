// Tunnels that are asked for, close by themselves, or are cut by an operator.
import { clientCertificates } from '../certificates.ts'
import type { OpenTunnel, Route, Session } from '../facts.ts'
import type { Random } from '../random.ts'
import { endOf, type Holder, isOut, judge } from '../reference.ts'
import { type Rig, hosts, ips, otherHost } from '../rig.ts'
import { type WantedTunnel, byOperator } from '../world/world.ts'

/** Asks for some tunnels, and compares each answer with what the reference says. */
export async function open(rig: Rig, random: Random): Promise<boolean> {
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const holder = random.isIn(75) ? drawAllowed(rig, random) : drawHolder(rig, random)
    if (holder !== undefined) await ask(rig, holder)
  }
  return true
}

/** More tunnels of one holder than are decided again in one turn of the event loop. */
export async function openMany(rig: Rig, random: Random): Promise<boolean> {
  const holder = drawAllowed(rig, random)
  if (holder === undefined || rig.facts.open.length > maxBesideCrowd) return false
  for (let count = 0; count < crowd; count += 1) await ask(rig, holder)
  return true
}

const crowd = 60
const maxBesideCrowd = 40

export function drawHolder({ facts }: Rig, random: Random): Holder {
  const { sessions } = facts
  return {
    session: random.isIn(90) && sessions.length > 0 ? random.pick(sessions) : undefined,
    certificate: random.isIn(50) ? random.pick(clientCertificates) : undefined,
    host: random.isIn(90) ? random.pick(hosts) : otherHost,
    ip: random.pick(ips),
  }
}

/** Somebody who may have a tunnel; undefined where a dozen draws have found nobody. */
function drawAllowed(rig: Rig, random: Random): Holder | undefined {
  const drawn = Array.from({ length: 12 }, () => drawHolder(rig, random))
  return drawn.find((holder) => mayOpen(rig, holder))
}

export function mayOpen(rig: Rig, holder: Holder): boolean {
  const { route, isAllowed } = judge(rig.facts, holder)
  return isAllowed && route !== undefined && leadsSomewhere(rig, route)
}

export async function ask(rig: Rig, holder: Holder): Promise<void> {
  const { world, facts } = rig
  const { session, certificate, host } = holder
  // By what a token of a session that is over tells of its person, nobody can be sure to know them again.
  const isOver = (it: Session): boolean =>
    it.ended !== undefined || endOf(facts, it).some((why) => why !== 'person-blocked')
  if (session !== undefined && isOut(facts, session.person) && isOver(session)) return
  const wanted: WantedTunnel = {
    authority: `${host}:22`,
    headers: { accept: 'application/json', ...session?.headers },
    ip: holder.ip,
    certificate: certificate?.presented,
  }
  const before = judge(facts, holder)
  const { nowMs } = facts
  if (session !== undefined) Object.assign(session, { usedFromMs: nowMs, usedUntilMs: nowMs })
  world.provider.isQuestioned = true
  const attempt = world.ask(wanted)
  await attempt.answered
  world.provider.isQuestioned = false
  // Asked again, the provider may have said something else meanwhile.
  const { route, isAllowed, access } = judge(facts, holder)
  const isReachable = route !== undefined && leadsSomewhere(rig, route)
  const isOpen = attempt.ends !== undefined
  if (isOpen !== (isAllowed && isReachable)) {
    const said = attempt.refused ?? 'it was opened'
    throw new Error(
      `a tunnel to ${host} was ${isOpen ? 'opened' : 'refused'}, which the reference does not expect: ${JSON.stringify({ ...holder, certificate: certificate?.fingerprint, session: session?.userId, before: before.isAllowed, after: isAllowed, isReachable })}; ${said}`,
    )
  }
  if (!isOpen) return attempt.over
  const entry = world.parts.liveTunnels
    .open()
    .find((it) => it.grant.request.requestId === attempt.id)
  if (entry === undefined || route === undefined)
    throw new Error(`tunnel ${attempt.id} is in no register`)
  facts.open.push({
    attempt,
    entry,
    ...holder,
    place: route.place,
    openedAtMs: nowMs,
    idleMs: route.idleMs,
    silentSinceMs: nowMs,
    accessId: access?.id,
    cutBy: new Set(),
  })
}

export function leadsSomewhere({ facts, links }: Rig, { place }: Route): boolean {
  if (place.kind !== 'connector') return true
  const named = facts.namedTunnels.find(({ name }) => name === place.tunnel)
  return named?.id !== undefined && (links.get(named.id) ?? []).length > 0
}

/** One of its ends is closed in order, and then the other. */
export async function close({ facts }: Rig, random: Random): Promise<boolean> {
  if (facts.open.length === 0) return false
  const { attempt, cutBy } = random.pick(facts.open)
  const isByClient = random.isIn(50)
  const { client, service } = attempt.ends ?? {}
  const [first, second] = isByClient ? [client, service] : [service, client]
  first?.stream.end()
  await new Promise(setImmediate)
  second?.stream.end()
  await attempt.over
  cutBy.add(isByClient ? 'client-closed' : 'upstream-closed')
  return true
}

/** One tunnel, those of a session, of a route, or of a person. */
export async function cutByOperator(rig: Rig, random: Random): Promise<boolean> {
  const { world, facts } = rig
  if (facts.open.length === 0) return false
  const one = random.pick(facts.open)
  const routeIdOf = (it: OpenTunnel): string | undefined => judge(facts, it).route?.id
  const { session } = one
  const ways: (() => readonly [object, (it: OpenTunnel) => boolean])[] = [
    () => [{ id: one.attempt.id }, (it) => it === one],
    () => [{ route_id: routeIdOf(one) }, (it) => routeIdOf(it) === routeIdOf(one)],
  ]
  if (session?.person !== undefined) {
    const { person } = session
    ways.push(
      () => [{ session_id: session.id }, (it) => it.session === session],
      () => [{ user: person.email }, (it) => it.session?.person === person],
    )
  }
  const [which, isMeant] = random.pick(ways)()
  const meant = facts.open.filter(isMeant)
  const { cut } = await world.operatorOfTunnels.cutTunnels(byOperator, which as { id: string })
  for (const { cutBy } of meant) cutBy.add('cut-by-operator')
  const ids = meant.map(({ attempt }) => attempt.id)
  if (cut.toSorted().join() !== ids.toSorted().join())
    throw new Error(`an operator cut ${cut.join()}, and meant ${ids.join()}`)
  return true
}
