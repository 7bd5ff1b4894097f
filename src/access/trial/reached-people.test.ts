import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import { testRoute, testSession } from '../access.fixture.ts'
import { createDecide } from '../decide.ts'
import type { KnownCaller } from './known-callers.ts'
import { reachedPeople, type PeopleReach } from './reached-people.ts'
import { changedRoutes } from './route-changes.ts'

const clock = createFakeClock()
const decide = createDecide({
  clock,
  clientCertificates: { facts: () => undefined },
  subjectOf: (who) => who,
})

function known(id: string): KnownCaller {
  const subject = { ...testSession(id, `${id}@corp.example`), userId: id }
  return { subject, name: undefined, knownBy: 'session' }
}

const route = (id: string, policy?: unknown) => ({
  ...testRoute(`tcp+https://${id}.example.com:22`, [1], policy),
  id,
})
const only = (id: string) => [{ allow: { or: [{ user: id }] } }]

async function reach(
  before: readonly ReturnType<typeof route>[],
  after: readonly ReturnType<typeof route>[],
  more: Partial<PeopleReach> = {},
) {
  const changes = changedRoutes(before, after)
  const options = { changes, decide, nowMs: clock.now(), ipOf: () => undefined, ...more }
  const found = await reachedPeople([known('ann'), known('bo')], options)
  const names = (list: typeof found.gained) =>
    list.map(({ caller, change }) => `${caller.subject.userId} ${change.id}`)
  return {
    gained: names(found.gained),
    lost: names(found.lost),
    opened: found.openedToEverybody.map(({ id }) => id),
    isCut: found.isCut,
  }
}

test('some gain and others lose by another policy', async () => {
  const found = await reach([route('a', only('ann'))], [route('a', only('bo'))])
  assert.deepEqual(found, { gained: ['bo a'], lost: ['ann a'], opened: [], isCut: false })
})

test('a route that is made lets in, and one that is taken away does no more', async () => {
  const made = await reach([], [route('a', only('ann'))])
  assert.deepEqual([made.gained, made.lost], [['ann a'], []])
  const gone = await reach([route('a', only('ann'))], [])
  assert.deepEqual([gone.gained, gone.lost], [[], ['ann a']])
})

test('a route that is opened to everybody is said to be, and one that was open is not', async () => {
  const [closed, open] = [route('a', only('ann')), route('a')]
  assert.deepEqual((await reach([closed], [open])).opened, ['a'])
  assert.deepEqual((await reach([open], [closed])).opened, [])
  assert.deepEqual((await reach([open], [route('a')])).opened, [])
})

test('everybody comes from where they came from last, and with a valid certificate', async () => {
  const office = [{ allow: { and: [{ source_ip: '10.0.0.0/8' }, { authenticated_user: true }] } }]
  const ipOf = (userId: string, routeId: string) =>
    userId === 'ann' && routeId === 'a' ? '10.1.1.1' : undefined
  assert.deepEqual((await reach([], [route('a', office)], { ipOf })).gained, ['ann a'])
  const seen: unknown[] = []
  const supposed: PeopleReach['decide']['supposed'] = (caller, judged) => {
    seen.push([caller.ip, caller.clientCertificate?.isValid, judged.revision])
    return decide.supposed(caller, judged)
  }
  await reach([], [route('b', only('ann'))], { decide: { supposed } })
  assert.deepEqual(seen[0], ['192.0.2.1', true, 0])
})

test('beyond so many comparisons it says that there are more', async () => {
  const changes = changedRoutes([], [route('a', only('x')), route('b', only('x'))])
  let asked = 0
  const supposed = () => {
    asked += 1
    return { outcome: 'deny' } as never
  }
  const options = { changes, decide: { supposed }, nowMs: 0, ipOf: () => undefined }
  const callers = [known('ann'), known('bo')]
  // Two more for somebody who is not signed in.
  assert.equal((await reachedPeople(callers, options, 4)).isCut, false)
  assert.equal(asked, 6)
  assert.equal((await reachedPeople(callers, options, 3)).isCut, true)
  assert.equal(asked, 11)
})
