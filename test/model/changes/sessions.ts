// What happens to sessions and to whoever has them.
import type { Facts, Person, Session } from '../facts.ts'
import type { Random } from '../random.ts'
import { endOf, isOut } from '../reference.ts'
import { type Rig, groups, teams } from '../rig.ts'
import { byOperator } from '../world/world.ts'
import { maxSessions, sessionLifeMs } from '../world/limits.ts'
import { ask, drawHolder, mayOpen } from './tunnels.ts'

const isAlive =
  ({ facts }: Rig) =>
  (session: Session): boolean =>
    endOf(facts, session).length === 0

export function aliveOf(rig: Rig, who: 'people' | 'accounts'): readonly Session[] {
  const alive = rig.facts.sessions.filter(isAlive(rig))
  return alive.filter(({ person }) => (person !== undefined) === (who === 'people'))
}

export async function signIn(rig: Rig, random: Random): Promise<boolean> {
  const person = random.pick(rig.facts.people)
  if (ownOf(rig, person).length >= maxSessions || person.isRefused) return false
  await signInAs(rig, person)
  return true
}

const ownOf = (rig: Rig, person: Person): readonly Session[] =>
  aliveOf(rig, 'people').filter((it) => it.person === person)

/** Somebody who has as many sessions as they may signs in once more: the longest unused ends, those with a tunnel last. */
export async function signInTooOften(rig: Rig, random: Random): Promise<boolean> {
  const { world, facts } = rig
  const person = random.pick(facts.people)
  if (person.isRefused || isOut(facts, person) || person.signedOutAtMs === facts.nowMs) return false
  while (ownOf(rig, person).length < maxSessions) await signInAs(rig, person)
  const before = ownOf(rig, person)
  const users = random.some(before, random.pick([0, 40, 100]))
  for (const session of users) {
    const drawn = Array.from({ length: 40 }, () => ({ ...drawHolder(rig, random), session }))
    await ask(rig, drawn.find((it) => mayOpen(rig, it)) ?? random.pick(drawn))
  }
  // Who is asked about because of a refusal may have been refused.
  const own = ownOf(rig, person)
  if (own.length < maxSessions) return false
  // Where two come into question the gateway chooses by what no seed says: whatever follows could not be seen again.
  const first = own.find((it) => own.every((other) => other === it || goesBefore(facts, it, other)))
  if (first === undefined) return false
  await signInAs(rig, person)
  const gone = own.filter(({ id }) => world.identity.sessions.version(id) === undefined)
  const [ended, ...more] = gone
  if (ended === undefined || more.length > 0)
    throw new Error(`${gone.length} sessions ended for one too many`)
  if (ended !== first)
    throw new Error(
      `${describe(facts, ended)} ended for another, and ${describe(facts, first)} goes before it`,
    )
  ended.ended = 'session-revoked'
  return true
}

function describe({ open, nowMs }: Facts, it: Session): string {
  const tunnels = open.filter(({ session }) => session === it).length
  const [from, until] = [nowMs - it.usedFromMs, nowMs - it.usedUntilMs]
  return `session ${it.signIn} with ${tunnels} tunnels, used ${until} to ${from} ms ago,`
}

/** Whether one is surely to end before the other. */
function goesBefore({ open }: Facts, one: Session, other: Session): boolean {
  const [hasOne, hasOther] = [one, other].map((it) => open.some(({ session }) => session === it))
  if (hasOne !== hasOther) return hasOther === true
  return hasOne === true ? one.issuedAtMs < other.issuedAtMs : one.usedUntilMs < other.usedFromMs
}

async function signInAs({ world, facts }: Rig, person: Person): Promise<void> {
  const { signIn: name, signedIn } = world.provider.signIn(person)
  // What it says of a sign-out holds for the second in which it says so: its times are whole seconds.
  const mayNot = isOut(facts, person) || person.signedOutAtMs === facts.nowMs
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
      issuedAtMs: facts.nowMs,
      usedFromMs: facts.nowMs,
      usedUntilMs: facts.nowMs,
      ended: undefined,
    })
  } catch (error) {
    if (!mayNot) throw error
  }
}

export async function renew(rig: Rig, random: Random): Promise<boolean> {
  const alive = aliveOf(rig, 'people')
  if (alive.length === 0) return false
  const { world, facts } = rig
  const session = random.pick(alive)
  session.expiresAtMs = facts.nowMs + sessionLifeMs
  session.usedUntilMs = facts.nowMs
  const renewed = await world.identity.sessions.prolong(session.id, facts.nowMs)
  if (renewed === undefined) throw new Error('a session that has not ended could not be renewed')
  Object.assign(session, {
    headers: { authorization: `Pomerium ${await world.identity.tokens.issue(renewed)}` },
  })
  return true
}

export async function revokeSession(rig: Rig, random: Random): Promise<boolean> {
  const alive = aliveOf(rig, 'people')
  if (alive.length === 0) return false
  const session = random.pick(alive)
  session.ended = 'session-revoked'
  await rig.world.identity.sessions.revoke(session.id, random.pick(['revoked', 'signed-out']))
  return true
}

/** One sign-in, or every one that a person has. */
export async function logOutAtProvider(rig: Rig, random: Random): Promise<boolean> {
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

export async function block(rig: Rig, random: Random): Promise<boolean> {
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
export async function editClaims({ facts }: Rig, random: Random): Promise<boolean> {
  const person = random.pick(facts.people)
  person.groups = random.some(groups, 50)
  person.team = random.pick(teams)
  person.isVerified = !random.isIn(30)
  return Promise.resolve(true)
}

/** It answers nobody about people, or does so again. */
export async function breakProvider({ world }: Rig): Promise<boolean> {
  world.provider.isDown = !world.provider.isDown
  return Promise.resolve(true)
}

export async function refuseRefresh({ facts }: Rig, random: Random): Promise<boolean> {
  const person = random.pick(facts.people)
  if (!person.isRefused && !random.isIn(40)) return false
  person.isRefused = !person.isRefused
  return Promise.resolve(true)
}
