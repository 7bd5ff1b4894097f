import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger } from '../log.ts'
import { plainAddress } from '../policy/matchers/plain-address.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { openProvisioned } from './provisioned.ts'
import { createScimRegister } from './register.ts'

async function setUp(t: TestContext) {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const clock = createFakeClock(1_000)
  let isOn = true
  const open = () =>
    openProvisioned({
      store,
      clock,
      log: silentLogger,
      spelling: plainAddress,
      isOn: () => isOn,
    })
  const provisioned = await open()
  const register = createScimRegister({ store, provisioned, clock })
  const make = async (userName: string, more: object = {}): Promise<string> =>
    (await register.users.create({ userName, ...more })).id
  return { open, provisioned, register, make, turn: (on: boolean) => void (isOn = on) }
}

const person = (email: string | undefined, userId = 'u', emailVerified = true) => ({
  userId,
  email,
  emailVerified,
})

test('groups come by the id of the provider, or by a verified address of any case', async (t) => {
  const { provisioned, register, make, turn, open } = await setUp(t)
  const id = await make('alice', { externalId: 'e-1', emails: [{ value: 'Alice@example.com' }] })
  await register.groups.create({ displayName: 'dba', members: [{ value: id }] })
  const { directory } = provisioned
  assert.deepEqual(directory.groupsOf(person('ALICE@example.com')), ['dba'])
  assert.deepEqual(directory.groupsOf(person(undefined, 'e-1')), ['dba'])
  assert.deepEqual(directory.groupsOf(person('alice@example.com', 'u', false)), [])
  assert.deepEqual(directory.groupsOf(person('bob@example.com')), [])
  // A spelling that a provider may tell apart gives nothing, and is looked at where that keeps out.
  assert.deepEqual(directory.groupsOf(person('alice.@example.com')), [])
  assert.deepEqual(directory.claimedGroupsOf(person('alice.@example.com')), ['dba'])
  assert.deepEqual([...directory.members()], ['e-1', 'alice@example.com'])
  assert.deepEqual([directory.size, directory.has('e-1'), directory.has('x')], [1, true, false])
  turn(false)
  assert.deepEqual(directory.groupsOf(person('alice@example.com')), [])
  turn(true)
  const another = await open()
  assert.deepEqual(another.directory.groupsOf(person('alice@example.com')), ['dba'])
  await register.users.patch(id, { Operations: [{ op: 'replace', value: { active: false } }] })
  assert.deepEqual(directory.groupsOf(person('alice@example.com')), [])
})

test('whoever is not active is kept out by id and by every spelling of an address', async (t) => {
  const { provisioned, register, make, open } = await setUp(t)
  const id = await make('alice@example.com', { externalId: 'e-1', active: false })
  for (const who of [
    person('alice@example.com'),
    person('ALICE@EXAMPLE.COM', 'u', false),
    person('alice.@example.com'),
    person(undefined, 'e-1'),
  ])
    assert.equal(provisioned.isKeptOut(who), true, JSON.stringify(who))
  assert.equal(provisioned.isKeptOut(person('bob@example.com')), false)
  await register.users.remove(id)
  assert.equal(provisioned.isKeptOut(person('alice@example.com')), true)
  assert.equal((await open()).isKeptOut(person('alice@example.com')), true)
  // Somebody else with another address is another person.
  await make('alina@example.com')
  assert.equal(provisioned.isKeptOut(person('alice@example.com')), true)
  await make('al', { emails: [{ value: 'Alice@Example.com' }] })
  assert.equal(provisioned.isKeptOut(person('alice@example.com')), false)
  assert.equal(provisioned.isKeptOut(person(undefined, 'e-1')), false)
})

test('of two users with one address the one who has left keeps both out', async (t) => {
  const { provisioned, make } = await setUp(t)
  await make('one', { emails: [{ value: 'a@example.com' }] })
  await make('two', { emails: [{ value: 'a@example.com' }], active: false })
  assert.equal(provisioned.isKeptOut(person('a@example.com')), true)
})

test('whoever gets an address of somebody who has left gets them in by nothing else', async (t) => {
  const { provisioned, register, make, open } = await setUp(t)
  const emails = ['ann@example.com', 'ann.s@example.com', 'team@example.com']
  const ann = await make('ann@example.com', {
    externalId: 'e-1',
    emails: emails.map((value) => ({ value })),
  })
  await register.users.remove(ann)
  const outOf = ({ isKeptOut } = provisioned) =>
    [...emails, undefined].filter((email) =>
      isKeptOut(person(email, email === undefined ? 'e-1' : 'u')),
    )
  assert.deepEqual(outOf(), [...emails, undefined])
  // One who is not active lets in nobody.
  const bob = { externalId: 'e-2', emails: [{ value: 'bob@example.com' }] }
  const team = [...bob.emails, { value: 'TEAM@example.com' }]
  const id = await make('bob', { ...bob, emails: team, active: false })
  assert.deepEqual(outOf(), [...emails, undefined])
  await register.users.patch(id, { Operations: [{ op: 'replace', path: 'active', value: true }] })
  const without = ['ann@example.com', 'ann.s@example.com', undefined]
  assert.deepEqual(outOf(), without)
  assert.deepEqual(outOf(await open()), without)
  // Somebody is called like her from now on.
  await register.users.replace(id, { userName: 'Ann@example.com', ...bob })
  assert.deepEqual(outOf(), ['ann.s@example.com', undefined])
  assert.deepEqual(
    provisioned.deactivated().map(({ content }) => [content.userName, content.externalId]),
    [['ann example.com', 'e-1']],
  )
  await make('ann', { externalId: 'e-1' })
  assert.deepEqual(outOf(), [])
})

test('one who has left beside somebody with the same address stays out whatever else is written', async (t) => {
  const { provisioned, register, make } = await setUp(t)
  const emails = [{ value: 'a@example.com' }]
  const one = await make('one', { emails })
  await register.users.remove(await make('two', { emails }))
  const displayName = { op: 'replace', path: 'displayName', value: 'One' }
  await register.users.patch(one, { Operations: [displayName] })
  assert.equal(provisioned.isKeptOut(person('a@example.com')), true)
})

test('a change is about whoever it is about, before and after', async (t) => {
  const { provisioned, register, make } = await setUp(t)
  const [alice, bob] = [await make('alice@example.com'), await make('bob@example.com')]
  const both = { members: [{ value: alice }, { value: bob }] }
  const { id } = await register.groups.create({ displayName: 'dba', ...both })
  const heard: boolean[][] = []
  provisioned.onChanged(({ concerns, keepsOut }) => {
    const people = ['alice', 'bob', 'carol'].map((name) => concerns(person(`${name}@example.com`)))
    heard.push([...people, keepsOut])
  })
  const off = { op: 'remove', path: `members[value eq "${bob}"]` }
  await register.groups.patch(id, { Operations: [off] })
  await register.groups.patch(id, { Operations: [off] })
  await register.groups.replace(id, { displayName: 'other', members: [{ value: alice }] })
  await register.users.replace(alice, { userName: 'carol@example.com' })
  await register.users.patch(bob, { Operations: [{ op: 'replace', path: 'active', value: false }] })
  await register.groups.remove(id)
  assert.deepEqual(heard, [
    [false, true, false, false],
    [true, false, false, false],
    [true, false, true, false],
    [false, true, false, true],
    [false, false, true, false],
  ])
})

test('writes of the same at the same time are all kept', async (t) => {
  const { register, make, provisioned } = await setUp(t)
  const ids = await Promise.all(['a', 'b', 'c', 'd'].map((name) => make(name)))
  const { id } = await register.groups.create({ displayName: 'g' })
  await Promise.all(
    ids.map((value) =>
      register.groups.patch(id, { Operations: [{ op: 'add', path: 'members', value }] }),
    ),
  )
  assert.deepEqual(provisioned.group(id)?.content.members.toSorted(), ids.toSorted())
  await register.users.remove(ids[0] ?? '')
  // A member who was deleted since stands in the way of nothing.
  await register.groups.patch(id, {
    Operations: [{ op: 'remove', path: 'members', value: [ids[1]] }],
  })
  assert.deepEqual(provisioned.group(id)?.content.members.length, 2)
})

test('another gateway on the same database hears of it', async (t) => {
  const { register, make, open } = await setUp(t)
  const another = await open()
  const id = await make('alice@example.com')
  await register.groups.create({ displayName: 'dba', members: [{ value: id }] })
  await register.users.patch(id, { Operations: [{ op: 'replace', value: { active: false } }] })
  await another.settled('user', id)
  assert.equal(another.isKeptOut(person('alice@example.com')), true)
})

test('a write that cannot be read back is not said to hold, and holds once it can', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const clock = createFakeClock(1_000)
  let isFailing = false
  const get: typeof store.scim.get = (kind, id) =>
    isFailing ? Promise.reject(new Error('the disk')) : store.scim.get(kind, id)
  const provisioned = await openProvisioned({
    store: { feed: store.feed, scim: { ...store.scim, get } },
    clock,
    log: silentLogger,
    spelling: plainAddress,
    isOn: () => true,
  })
  const { users } = createScimRegister({ store, provisioned, clock })
  const { id } = await users.create({ userName: 'alice@example.com' })
  isFailing = true
  const off = { Operations: [{ op: 'replace', path: 'active', value: false }] }
  await assert.rejects(users.patch(id, off), { status: 503 })
  // It is there by now, and changes nothing.
  await assert.rejects(users.patch(id, off), { status: 503 })
  await assert.rejects(users.remove(id), { status: 503 })
  assert.equal(provisioned.isKeptOut(person('alice@example.com')), false)
  isFailing = false
  clock.advance(1_000)
  await provisioned.settled('user', id)
  assert.equal(provisioned.isKeptOut(person('alice@example.com')), true)
})
