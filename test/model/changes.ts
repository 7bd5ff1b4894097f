import { clientCertificates, type Trust } from './certificates.ts'
import type { Access, NamedTunnel, OpenTunnel, Route, Session } from './facts.ts'
import { endOf, judge, type Holder } from './reference.ts'
import type { Random } from './random.ts'
import {
  accountIds,
  drawPlace,
  drawPolicy,
  drawRouteRules,
  fileGroups,
  groups,
  hosts,
  ips,
  otherHost,
  reload,
  teams,
  writePolicy,
  writeStoredRoute,
  type Rig,
} from './rig.ts'
import { tickMs } from './rules.ts'
import { byOperator, refreshMs, sessionLifeMs, site, type WantedTunnel } from './world/world.ts'

/** Something that happens; false where there was nothing to do. */
type Happen = (rig: Rig, random: Random) => Promise<boolean>

/** Most sessions that a person has at once. */
const maxSessions = 3

const isAlive =
  ({ facts }: Rig) =>
  (session: Session): boolean =>
    endOf(facts, session).length === 0

function aliveOf(rig: Rig, who: 'people' | 'accounts'): readonly Session[] {
  const alive = rig.facts.sessions.filter(isAlive(rig))
  return alive.filter(({ person }) => (person !== undefined) === (who === 'people'))
}

async function signIn(rig: Rig, random: Random): Promise<boolean> {
  const { world, facts } = rig
  const person = random.pick(facts.people)
  const own = aliveOf(rig, 'people').filter((it) => it.person === person)
  if (own.length >= maxSessions || person.isRefused) return false
  const { signIn: name, signedIn } = world.provider.signIn(person)
  // What it says of a sign-out holds for the second in which it says so: its times are whole seconds.
  const mayNot = person.isBlocked || person.signedOutAtMs === facts.nowMs
  try {
    const session = await world.identity.sessions.create(signedIn)
    if (mayNot) throw new Error(`${person.email} could sign in, and may not`)
    const token = await world.identity.tokens.issue(session)
    facts.sessions.push({
      userId: person.userId,
      person,
      headers: { authorization: `Pomerium ${token}` },
      id: session.id,
      signIn: name,
      expiresAtMs: facts.nowMs + sessionLifeMs,
      ended: undefined,
    })
  } catch (error) {
    if (!mayNot) throw error
  }
  return true
}

/** Asks for some tunnels, and compares each answer with what the reference says. */
async function open(rig: Rig, random: Random): Promise<boolean> {
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const holder = random.isIn(75) ? drawAllowed(rig, random) : drawHolder(rig, random)
    if (holder !== undefined) await ask(rig, holder)
  }
  return true
}

/** More tunnels of one holder than are decided again in one turn of the event loop. */
async function openMany(rig: Rig, random: Random): Promise<boolean> {
  const holder = drawAllowed(rig, random)
  if (holder === undefined || rig.facts.open.length > maxBesideCrowd) return false
  for (let count = 0; count < crowd; count += 1) await ask(rig, holder)
  return true
}

const crowd = 60
const maxBesideCrowd = 40

function drawHolder({ facts }: Rig, random: Random): Holder {
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
  return drawn.find((holder) => {
    const { route, isAllowed } = judge(rig.facts, holder)
    return isAllowed && route !== undefined && leadsSomewhere(rig, route)
  })
}

async function ask(rig: Rig, holder: Holder): Promise<void> {
  const { world, facts } = rig
  const { session, certificate, host } = holder
  // By what a token of a session that is over tells of its person, nobody can be sure to know them again.
  if (session?.person?.isBlocked && session.ended !== undefined) return
  const wanted: WantedTunnel = {
    authority: `${host}:22`,
    headers: { accept: 'application/json', ...session?.headers },
    ip: holder.ip,
    certificate: certificate?.presented,
  }
  const before = judge(facts, holder)
  const attempt = world.ask(wanted)
  await attempt.answered
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
    openedAtMs: facts.nowMs,
    accessId: access?.id,
    cutBy: new Set(),
  })
}

function leadsSomewhere({ facts, links }: Rig, { place }: Route): boolean {
  if (place.kind !== 'connector') return true
  const named = facts.namedTunnels.find(({ name }) => name === place.tunnel)
  return named?.id !== undefined && (links.get(named.id) ?? []).length > 0
}

/** One of its ends is closed in order, and then the other. */
async function close({ facts }: Rig, random: Random): Promise<boolean> {
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

const fileRoutes = ({ facts }: Rig): readonly Route[] => facts.routes.filter((it) => !it.isStored)

function editRoute(rig: Rig, route: Route, random: Random): void {
  const { facts } = rig
  if (!route.isThere || random.isIn(12)) route.isThere = !route.isThere
  if (random.isIn(60)) route.rules = drawRouteRules(random, facts, route)
  if (random.isIn(25)) route.place = drawPlaceOf(route, random)
  if (random.isIn(20)) route.lifeMs = random.isIn(50) ? 0 : (4 + random.below(30)) * tickMs
  if (random.isIn(15)) route.isUnderPolicy = route.isStored && !route.isUnderPolicy
}

/** A stored route leads to no gateway on this machine. */
function drawPlaceOf({ isStored }: Route, random: Random): Route['place'] {
  const place = drawPlace(random)
  return isStored && place.kind === 'next-gateway' ? { kind: 'direct', host: '10.0.0.2' } : place
}

async function editFile(rig: Rig, random: Random): Promise<boolean> {
  const routes = fileRoutes(rig)
  const some = random.some(routes, 30)
  for (const route of some.length > 0 ? some : [random.pick(routes)]) editRoute(rig, route, random)
  await reload(rig)
  return true
}

async function reloadUnchanged(rig: Rig): Promise<boolean> {
  await reload(rig)
  return true
}

async function editStored(rig: Rig, random: Random): Promise<boolean> {
  const route = random.pick(rig.facts.routes.filter(({ isStored }) => isStored))
  const wasThere = route.isThere
  editRoute(rig, route, random)
  if (!wasThere && !route.isThere) return false
  await writeStoredRoute(rig, route)
  return true
}

async function editPolicy(rig: Rig, random: Random): Promise<boolean> {
  rig.facts.policy = drawPolicy(random, rig.facts)
  await writePolicy(rig)
  return true
}

async function editDirectory(rig: Rig, random: Random): Promise<boolean> {
  const { facts } = rig
  const file = facts.people.map(({ email }) => [email, random.some(fileGroups, 40)] as const)
  facts.directory = random.isIn(15) ? undefined : new Map(file)
  await reload(rig)
  return true
}

async function editTrust(rig: Rig, random: Random): Promise<boolean> {
  rig.facts.trust = random.pick<Trust>(['nobody', 'all', 'all', 'revoking', 'revoking'])
  await reload(rig)
  return true
}

async function revokeSession(rig: Rig, random: Random): Promise<boolean> {
  const alive = aliveOf(rig, 'people')
  if (alive.length === 0) return false
  const session = random.pick(alive)
  session.ended = 'session-revoked'
  await rig.world.identity.sessions.revoke(session.id, random.pick(['revoked', 'signed-out']))
  return true
}

/** One sign-in, or every one that a person has. */
async function logOutAtProvider(rig: Rig, random: Random): Promise<boolean> {
  const { world, facts } = rig
  const alive = aliveOf(rig, 'people')
  const session = alive.length === 0 ? undefined : random.pick(alive)
  if (session?.person === undefined) return false
  const { person } = session
  const isOne = random.isIn(50)
  const token = await world.provider.logoutToken(person, isOne ? session.signIn : undefined)
  for (const it of alive) {
    const isMeant = isOne ? it === session : it.person === person
    if (isMeant) it.ended = 'provider-logout'
  }
  if (!isOne) person.signedOutAtMs = facts.nowMs
  await world.identity.providerLogouts.end(token)
  return true
}

async function block(rig: Rig, random: Random): Promise<boolean> {
  const { world, facts } = rig
  const person = random.pick(facts.people)
  if (person.isBlocked) {
    person.isBlocked = false
    await world.blocks.unblockPerson(byOperator, person.email)
    return true
  }
  if (!random.isIn(50)) return false
  person.isBlocked = true
  for (const session of facts.sessions)
    if (session.person === person) session.ended ??= 'person-blocked'
  await world.blocks.blockPerson(byOperator, person.email, { reason: 'model' })
  return true
}

/** What the provider says from now on; the gateway hears of it when it asks. */
async function editClaims({ facts }: Rig, random: Random): Promise<boolean> {
  const person = random.pick(facts.people)
  person.groups = random.some(groups, 50)
  person.team = random.pick(teams)
  return Promise.resolve(true)
}

async function refuseRefresh({ facts }: Rig, random: Random): Promise<boolean> {
  const person = random.pick(facts.people)
  if (!person.isRefused && !random.isIn(40)) return false
  person.isRefused = !person.isRefused
  return Promise.resolve(true)
}

async function renew(rig: Rig, random: Random): Promise<boolean> {
  const alive = aliveOf(rig, 'people')
  if (alive.length === 0) return false
  const { world, facts } = rig
  const session = random.pick(alive)
  session.expiresAtMs = facts.nowMs + sessionLifeMs
  const renewed = await world.identity.sessions.prolong(session.id, facts.nowMs)
  if (renewed === undefined) throw new Error('a session that has not ended could not be renewed')
  Object.assign(session, {
    headers: { authorization: `Pomerium ${await world.identity.tokens.issue(renewed)}` },
  })
  return true
}

const accountsUsed = new WeakMap<Rig, Set<string>>()

/** Makes a service account, rotates its credential, or revokes it. */
async function changeAccount(rig: Rig, random: Random): Promise<boolean> {
  const { world, facts } = rig
  const { serviceAccounts } = world.identity
  const id = random.pick(accountIds)
  const there = accountsUsed.get(rig) ?? new Set()
  accountsUsed.set(rig, there)
  const own = aliveOf(rig, 'accounts').filter(({ userId }) => userId === id)
  const add = (credential: string, expiresAtMs: number | undefined): void =>
    void facts.sessions.push({
      userId: id,
      person: undefined,
      headers: { 'cf-access-client-id': id, 'cf-access-client-secret': credential },
      id: '',
      signIn: '',
      expiresAtMs: expiresAtMs ?? Infinity,
      ended: undefined,
    })
  const isExpired = there.has(id) && !own.some((it) => it === newestOf(facts.sessions, id))
  if (!there.has(id)) {
    const expiresAtMs = random.isIn(50) ? undefined : facts.nowMs + (1 + random.below(60)) * tickMs
    const made = await serviceAccounts.create({
      id,
      description: '',
      format: 'id-secret',
      expiresAtMs,
    })
    there.add(id)
    add(made.credential, made.expiresAtMs)
    return true
  }
  if (isExpired || random.isIn(40)) {
    for (const session of own) session.ended = 'session-revoked'
    await serviceAccounts.revoke(id)
    there.delete(id)
    return true
  }
  const keepOldMs = random.isIn(50) ? 0 : (1 + random.below(12)) * tickMs
  const newest = newestOf(facts.sessions, id)
  for (const session of own) {
    if (session !== newest || keepOldMs === 0) session.ended = 'session-revoked'
    else session.expiresAtMs = Math.min(session.expiresAtMs, facts.nowMs + keepOldMs)
  }
  const rotated = await serviceAccounts.rotate(id, { keepOldMs, expiresAtMs: 'keep' })
  add(rotated.credential, rotated.expiresAtMs)
  return true
}

function newestOf(sessions: readonly Session[], id: string): Session | undefined {
  return sessions.findLast(({ userId, person }) => userId === id && person === undefined)
}

/** Somebody lets themselves in for a while, mostly where no rule does, or what they have is taken back. */
async function changeAccess(rig: Rig, random: Random): Promise<boolean> {
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

/** One tunnel, those of a session, of a route, or of a person. */
async function cutByOperator(rig: Rig, random: Random): Promise<boolean> {
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

/** A named tunnel is made, or a connector of it comes. */
async function connectConnector(rig: Rig, random: Random): Promise<boolean> {
  const { world, facts, links } = rig
  const named = random.pick(facts.namedTunnels)
  named.id ??= (
    await world.publishing.operatorTunnels.create({
      name: named.name,
      site,
      createdBy: 'model',
      userId: 'model',
    })
  ).tunnel.id
  const here = links.get(named.id) ?? []
  if (here.length >= 2) return false
  links.set(named.id, [...here, world.services.connect(world.links, named.id)])
  return true
}

async function loseConnector(rig: Rig, random: Random): Promise<boolean> {
  const { facts, links, world } = rig
  const [id, here] = random.pick([...links, ['', []] as const])
  const [lost, ...others] = here
  if (lost === undefined) return false
  const { connectorId } = lost.link
  const through = new Set(
    world.parts.liveTunnels
      .open()
      .filter(({ destination }) => destination.connector?.connectorId === connectorId),
  )
  for (const tunnel of facts.open)
    if (through.has(tunnel.entry as never)) tunnel.cutBy.add('upstream-reset')
  links.set(id, others)
  lost.lose()
  return Promise.resolve(true)
}

async function endNamedTunnel(rig: Rig, random: Random): Promise<boolean> {
  const { world, facts, links } = rig
  const there = facts.namedTunnels.filter(({ id }) => id !== undefined)
  if (there.length === 0 || !random.isIn(60)) return false
  const throughOf = ({ name }: NamedTunnel): readonly OpenTunnel[] =>
    facts.open.filter(({ place }) => place.kind === 'connector' && place.tunnel === name)
  const used = there.filter((it) => throughOf(it).length > 0)
  const named = random.pick(used.length > 0 ? used : there)
  const through = throughOf(named)
  const isDeleted = random.isIn(40)
  for (const { cutBy } of through)
    cutBy.add(isDeleted ? 'named-tunnel-deleted' : 'connector-revoked')
  links.delete(named.id ?? '')
  if (isDeleted) await deleteTunnel(rig, named)
  else await world.publishing.operatorTunnels.rotate(named.name)
  return true
}

async function deleteTunnel({ world }: Rig, named: NamedTunnel): Promise<void> {
  named.id = undefined
  await world.publishing.operatorTunnels.delete(named.name, {
    force: true,
    removed: () => undefined,
  })
}

/** Time passes, tick by tick; `sequence.ts` looks at each. */
export const passing = {
  'time passes': [14, (random) => 1 + random.below(8)],
  'much time passes': [2, (random) => 20 + random.below(110)],
} as const satisfies Readonly<
  Record<string, readonly [weight: number, ticks: (random: Random) => number]>
>

/** Until the gateway must have heard of it. */
const refreshTicks = refreshMs / tickMs

/** What cuts nothing, however often it happens. */
export const harmless = {
  'tunnels are asked for': [34, open],
  'many tunnels are asked for': [2, openMany],
  'somebody signs in': [8, signIn],
  'the file is reloaded as it is': [2, reloadUnchanged],
  'a session is renewed': [2, renew],
  'a connector comes': [5, connectConnector],
} as const satisfies Happenings

/** What cuts some tunnels, and leaves the others. */
export const cutting = {
  'a tunnel ends': [2, close],
  'the file is edited': [7, editFile],
  'a stored route is edited': [4, editStored],
  'a stored policy is edited': [4, editPolicy],
  'the directory is edited': [5, editDirectory],
  'a certificate is revoked or trusted': [5, editTrust],
  'a session is revoked': [2, revokeSession],
  'the provider logs out': [2, logOutAtProvider],
  'somebody is blocked or unblocked': [3, block],
  'claims change': [3, editClaims, refreshTicks],
  'a refresh is refused': [3, refuseRefresh, refreshTicks],
  'a service account changes': [5, changeAccount],
  'access for a while': [8, changeAccess],
  'an operator cuts': [2, cutByOperator],
  'a connector goes': [3, loseConnector],
  'a named tunnel ends': [3, endNamedTunnel],
} as const satisfies Happenings

type Happenings = Readonly<
  Record<string, readonly [weight: number, happen: Happen, thenTicks?: number]>
>

/** Everything that happens but the passing of time. */
export const happenings: Readonly<Record<Happening, Happenings[string]>> = {
  ...harmless,
  ...cutting,
}

export type Passing = keyof typeof passing
export type Happening = keyof typeof harmless | keyof typeof cutting
export type Kind = Passing | Happening

/** Every kind, as often as it is to be drawn. */
export const weighted: readonly Kind[] = Object.entries({ ...passing, ...happenings }).flatMap(
  ([kind, [weight]]) => Array<Kind>(weight).fill(kind as Kind),
)
