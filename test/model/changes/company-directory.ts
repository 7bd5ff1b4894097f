// What the company's directory writes by SCIM.
import { giveWay, isKeptOut } from '../company-directory.ts'
import type { DirectoryGroup, DirectoryUser, Facts, Person } from '../facts.ts'
import type { Random } from '../random.ts'
import type { Rig } from '../rig.ts'
import { restOn } from './resting.ts'

const maxUsers = 6
const maxGroups = 4
/** The first is given by nobody else: neither by the provider nor by the file. */
const groupNames = ['ops', 'ops', 'oncall', 'dba'] as const

const present = ({ facts }: Rig): readonly DirectoryUser[] =>
  facts.company.users.filter(({ isDeleted }) => !isDeleted)

type Names = Pick<DirectoryUser, 'userName' | 'externalId' | 'emails'>

/** By what a directory may know somebody: what is sure, and what only may be them. */
function drawNames({ userId, email }: Person, random: Random): Names {
  const name = email.split('@')[0] ?? ''
  return random.pick<Names>([
    { userName: email, externalId: userId, emails: [] },
    { userName: name, externalId: undefined, emails: [email.toUpperCase()] },
    // Of another id, which has the address now.
    { userName: `${name}-new`, externalId: `e-${userId}`, emails: [email] },
    { userName: `${name}-spelt`, externalId: undefined, emails: [email.replace('@', '.@')] },
  ])
}

const isFree = (rig: Rig, { userName }: Names): boolean =>
  present(rig).every((user) => user.userName !== userName)

const written = ({ userName, externalId, emails }: Names): object => ({
  userName,
  externalId,
  emails: emails.map((value) => ({ value })),
})

export async function changeUsers(rig: Rig, random: Random): Promise<boolean> {
  if (!rig.facts.company.isOn) return false
  const isWritten = rig.facts.company.users.length === 0 || random.isIn(45)
  return isWritten ? writeUser(rig, random) : setIn(rig, random)
}

/** A user is made, or is another one from now on. */
async function writeUser(rig: Rig, random: Random): Promise<boolean> {
  const { facts, world } = rig
  const names = drawNames(random.pick(facts.people), random)
  if (!isFree(rig, names)) return false
  const users = present(rig)
  if (users.length < maxUsers && (users.length < 2 || random.isIn(50))) {
    await makeUser(rig, names)
    return true
  }
  const user = random.pick(users)
  const before = { ...user }
  const group = facts.company.groups.find(({ members }) => members.has(user.id))
  if (group !== undefined) await restOn(rig, group.name, without(group), random)
  await world.scim('PUT', `/Users/${user.id}`, written(names))
  Object.assign(user, names)
  became(facts, user, before)
  return true
}

async function makeUser({ world, facts }: Rig, names: Names): Promise<void> {
  const id = await world.scim('POST', '/Users', written(names))
  const user = { id, ...names, isActive: true, isDeleted: false }
  facts.company.users.push(user)
  became(facts, user)
}

/** A user is deactivated, or deleted; mostly, once somebody is kept out, one comes back. */
async function setIn(rig: Rig, random: Random): Promise<boolean> {
  const { facts } = rig
  const out = facts.company.users.filter(({ isActive, isDeleted }) => !isActive || isDeleted)
  if (out.length > 0 && random.isIn(70)) return comeBack(rig, random.pick(out))
  const users = present(rig).filter(({ isActive }) => isActive)
  if (users.length === 0) return false
  await leave(rig, random.pick(users), random.isIn(50))
  return true
}

async function leave(
  { world, facts }: Rig,
  user: DirectoryUser,
  isDeleted: boolean,
): Promise<void> {
  if (isDeleted) await world.scim('DELETE', `/Users/${user.id}`)
  else await setActive(world.scim, user, false)
  const before = { ...user }
  if (isDeleted) user.isDeleted = true
  else user.isActive = false
  became(facts, user, before)
}

/** One who was deleted does so as a new user of the same names. */
async function comeBack(rig: Rig, user: DirectoryUser): Promise<boolean> {
  if (user.isDeleted) {
    const { userName, externalId, emails } = user
    const names = { userName, externalId, emails }
    if (!isFree(rig, names)) return false
    await makeUser(rig, names)
    return true
  }
  await setActive(rig.world.scim, user, true)
  const before = { ...user }
  user.isActive = true
  became(rig.facts, user, before)
  return true
}

async function setActive(scim: Rig['world']['scim'], { id }: DirectoryUser, active: boolean) {
  await scim('PATCH', `/Users/${id}`, {
    Operations: [{ op: 'replace', path: 'active', value: active }],
  })
}

/** What follows from it for others, and for sessions: those of whoever is kept out do not come back. */
function became(facts: Facts, user: DirectoryUser, before?: DirectoryUser): void {
  const isIn = user.isActive && !user.isDeleted
  if (isIn) giveWay(facts.company.users, user, before)
  else
    for (const session of facts.sessions)
      if (session.person !== undefined && isKeptOut(facts, session.person))
        session.ended ??= 'person-blocked'
}

const without =
  (group: DirectoryGroup) =>
  (facts: Facts): Facts => {
    const groups = facts.company.groups.filter((it) => it !== group)
    return { ...facts, company: { ...facts.company, groups } }
  }

/** A group is made, renamed, deleted, or has other members; mostly while somebody's tunnel rests on it. */
export async function changeGroups(rig: Rig, random: Random): Promise<boolean> {
  const { world, facts } = rig
  const { groups, isOn } = facts.company
  if (!isOn) return false
  const members = new Set(random.some(present(rig), 60).map(({ id }) => id))
  const values = [...members].map((value) => ({ value }))
  const name = random.pick(groupNames)
  if (groups.length < maxGroups && (groups.length === 0 || random.isIn(25))) {
    const id = await world.scim('POST', '/Groups', { displayName: name, members: values })
    groups.push({ id, name, members })
    return true
  }
  const group = random.pick(groups)
  await restOn(rig, group.name, without(group), random)
  if (random.isIn(25)) {
    await world.scim('DELETE', `/Groups/${group.id}`)
    groups.splice(groups.indexOf(group), 1)
    return true
  }
  const change = random.isIn(30)
    ? { path: 'displayName', value: name }
    : { path: 'members', value: values }
  await world.scim('PATCH', `/Groups/${group.id}`, { Operations: [{ op: 'replace', ...change }] })
  if (change.path === 'members') group.members = members
  else group.name = name
  return true
}
