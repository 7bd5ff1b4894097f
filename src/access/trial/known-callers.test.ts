import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testSession } from '../access.fixture.ts'
import { createDirectory } from '../directory.ts'
import { findPerson, knownCallers, type KnownFrom } from './known-callers.ts'

const { name: _, ...plain } = testSession('ann', 'Ann@corp.example')
const ann = { ...plain, userId: 'u-ann' }
const bo = { ...plain, userId: 'u-bo', email: 'bo@corp.example', name: 'Bo' }

function from({
  sessions = [] as readonly (typeof ann & { name?: string })[],
  accounts = [] as readonly string[],
  members = [] as readonly string[],
}): KnownFrom {
  return {
    async *sessions() {
      yield* sessions
    },
    serviceAccounts: async () => accounts,
    directory: () =>
      members.length === 0
        ? undefined
        : createDirectory(members.map((member) => ({ member, group: 'ops' }))),
  }
}

test('everybody is known once: by their last session, as an account, or by the directory', async () => {
  const { callers, isCut } = await knownCallers(
    from({
      sessions: [bo, ann, { ...ann, groups: ['older'] }],
      accounts: ['backup'],
      members: ['ann@corp.example', 'u-bo', 'cy@corp.example', 'u-dee'],
    }),
  )
  assert.equal(isCut, false)
  assert.deepEqual(
    callers.map(({ subject, name, knownBy }) => [subject.kind, subject.userId, name, knownBy]),
    [
      ['person', 'cy@corp.example', undefined, 'directory'],
      ['person', 'u-ann', undefined, 'session'],
      ['person', 'u-bo', 'Bo', 'session'],
      ['person', 'u-dee', undefined, 'directory'],
      ['service-account', 'backup', undefined, 'service-account'],
    ],
  )
  assert.deepEqual(callers[1]?.subject.groups, [])
})

test('somebody of the directory has the address that they are listed by, and nothing else', async () => {
  const { callers } = await knownCallers(from({ members: ['cy@corp.example', 'u-dee'] }))
  const nothing = { kind: 'person', groups: [], claims: {} }
  assert.deepEqual(
    callers.map(({ subject }) => subject),
    [
      { ...nothing, userId: 'cy@corp.example', email: 'cy@corp.example', emailVerified: true },
      { ...nothing, userId: 'u-dee', email: undefined, emailVerified: false },
    ],
  )
})

test('a session without an address is known by its id alone', async () => {
  const session = { ...ann, email: undefined } as never
  const { callers } = await knownCallers(from({ sessions: [session], members: ['u-ann'] }))
  assert.equal(callers.length, 1)
})

test('beyond so many nobody is looked at, and it says so, wherever they are known from', async () => {
  const lookedAt = async (known: Parameters<typeof from>[0]) => {
    const { callers, isCut } = await knownCallers(from(known), 2)
    return [callers.length, isCut]
  }
  const two = ['x', 'y']
  for (const known of [{ sessions: [ann, bo] }, { accounts: two }, { members: two }])
    assert.deepEqual(await lookedAt(known), [2, false])
  for (const known of [
    { sessions: [ann, bo, { ...bo, userId: 'u-cy' }] },
    { accounts: [...two, 'z'] },
    { accounts: two, members: ['z'] },
  ])
    assert.deepEqual(await lookedAt(known), [2, true])
})

test('somebody is found by id or address, by their newest session', async () => {
  const old = { ...ann, groups: ['older'] }
  const known = from({ sessions: [bo, ann, old] })
  const { email: __, ...rest } = ann
  for (const name of ['u-ann', 'ann@CORP.example']) {
    const found = await findPerson(known, name)
    assert.deepEqual(found?.subject, { ...rest, email: 'Ann@corp.example' })
    assert.deepEqual([found?.name, found?.knownBy], [undefined, 'session'])
  }
  assert.equal((await findPerson(known, 'bo@corp.example'))?.name, 'Bo')
  assert.equal(await findPerson(known, 'cy@corp.example'), undefined)
})

test('whoever only claims an address comes after whoever has it, and before nobody', async () => {
  const claims = { ...bo, email: 'ann@corp.example', emailVerified: false }
  const claimsToo = { ...claims, userId: 'u-cy' }
  const idOf = async (name: string, ...sessions: (typeof ann)[]) =>
    (await findPerson(from({ sessions, members: [name] }), name))?.subject.userId
  assert.equal(await idOf('ann@corp.example', claims, claimsToo, ann), 'u-ann')
  assert.equal(await idOf('ann@corp.example', claims, claimsToo), 'u-bo')
  assert.equal(await idOf('u-cy', claims, claimsToo), 'u-cy')
})

test('whoever has no session is found in the directory, whatever the case of their address', async () => {
  const known = from({ members: ['cy@corp.example'] })
  assert.equal((await findPerson(known, 'CY@corp.example'))?.subject.userId, 'cy@corp.example')
  assert.equal(await findPerson(known, 'dee@corp.example'), undefined)
})

test('others get their turn after each five hundred', async () => {
  const sessions = Array.from({ length: 1_200 }, (_, index) => ({ ...ann, userId: `u-${index}` }))
  const members = sessions.map(({ userId }) => `of the directory, ${userId}`)
  const turnsOf = async (work: Promise<unknown>): Promise<number> => {
    let turns = 0
    let isDone = false
    const next = (): void => {
      if (isDone) return
      turns += 1
      setImmediate(next)
    }
    setImmediate(next)
    await work
    isDone = true
    return turns
  }
  for (const work of [
    () => knownCallers(from({ sessions })),
    () => knownCallers(from({ members })),
    () => findPerson(from({ sessions }), 'nobody'),
  ])
    assert.equal(await turnsOf(work()), 2)
})
