import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Role } from '../access/administrators.ts'
import { localActor } from './change.ts'
import {
  createTestOperations,
  deploySession,
  testActor,
  testSession,
} from './operations.fixture.ts'
import { revokeAll } from './sessions.ts'

const ada = testSession('s1', 'Ada@example.com')
const adaElsewhere = testSession('s2', 'ada@example.com')
const bob = testSession('s3', 'bob@example.com')
const sessions = [ada, adaElsewhere, bob]
const noSessions = {
  async *listSessions() {},
  sessionPage: () => Promise.resolve([]),
  sessionsOf: () => Promise.resolve([]),
  countSessions: () => Promise.resolve(0),
}
const time = '"time":"2026-01-01T00:00:00.000Z"'

describe('operations on sessions', () => {
  test('a session is revoked once its tunnels are cut, and its end is kept before that', async () => {
    const { operations, happened, kept } = createTestOperations({ sessions })
    assert.deepEqual(await operations.revokeSession(localActor, 's1'), { revoked: ['s1'] })
    assert.deepEqual(happened, ['ended s1', 'said sessions revoked', 'cut s1 session-revoked'])
    assert.equal(await operations.countSessions(localActor), 2)
    // To the byte what commands have always left.
    assert.deepEqual(await kept(), [
      `{${time},"kind":"admin","event":"sessions revoked","session-ids":["s1"]}`,
    ])
  })

  test('a change is answered once its record is kept, and not before', async () => {
    const { operations, holdDisk } = createTestOperations({ sessions })
    const release = holdDisk()
    let isAnswered = false
    const revoking = operations.revokeUser(localActor, 'nobody').then(() => (isAnswered = true))
    // Who only looks does not wait for the disk.
    assert.equal(await operations.countSessions(localActor), 3)
    await setImmediate()
    assert.equal(isAnswered, false)
    release()
    assert.equal(await revoking, true)
  })

  test('what is not there is an error with its code, and leaves no entry', async () => {
    const { operations, kept } = createTestOperations({ sessions })
    await assert.rejects(operations.revokeSession(localActor, 's9'), {
      code: 'session-not-found',
      message: 'there is no session "s9"',
    })
    assert.deepEqual(await kept(), [])
  })

  test('all sessions of a person end by their address in any case, or by their user id', async () => {
    const { operations, kept } = createTestOperations({ sessions })
    const revoke = (user: string) => operations.revokeUser(localActor, user)
    assert.deepEqual(await revoke('ADA@example.com'), { revoked: ['s1', 's2'] })
    assert.deepEqual(await revoke('user-of-s3'), { revoked: ['s3'] })
    assert.deepEqual(await revoke('nobody'), { revoked: [] })
    assert.equal((await kept()).length, 3)
  })

  test('a role that goes while they are looked for is missed before any of them ends', async () => {
    let role: Role | undefined = { role: 'admin' }
    const { operations, happened } = createTestOperations({ sessions, roleOf: () => role })
    const actor = testActor(testSession('s-carol', 'carol@example.com'))
    const revoking = operations.revokeUser(actor, 'ada@example.com')
    role = undefined
    await assert.rejects(revoking, { code: 'role-required' })
    assert.deepEqual(happened, [])
  })

  test('when some of them cannot be ended, the others are, and are recorded and cut', async () => {
    const { operations, happened, kept } = createTestOperations({ sessions, failing: ['s1'] })
    await assert.rejects(operations.revokeUser(localActor, 'ada@example.com'), /disk full/)
    assert.match((await kept()).join('\n'), /"session-ids":\["s2"\]\}$/)
    assert.ok(happened.includes('cut s2 session-revoked'))
  })

  test('many of them leave room for what others ask of the store', async () => {
    const ids = Array.from({ length: 1_000 }, (_, index) => `s${index}`)
    let [underWay, most] = [0, 0]
    const revokeSession = async (): Promise<boolean> => {
      most = Math.max(most, (underWay += 1))
      await Promise.resolve()
      underWay -= 1
      return true
    }
    const liveTunnels = { countOf: () => 0, redecide: () => Promise.resolve() }
    const identity = { ...noSessions, revokeSession }
    await revokeAll(ids, { identity, liveTunnels }, (revoked) => assert.deepEqual(revoked, ids))
    assert.equal(most, 100)
  })

  test('they are listed as they come, and no further than somebody reads', async () => {
    const { operations } = createTestOperations({ sessions })
    const ids: string[] = []
    for await (const { id, email } of operations.listSessions(localActor)) {
      ids.push(id)
      if (email === 'ada@example.com') break
    }
    assert.deepEqual(ids, ['s1', 's2'])
  })
})

describe('who asks', () => {
  test('a person is named in the entry, beside whom it befell', async () => {
    const { operations, kept } = createTestOperations({ sessions })
    await operations.revokeSession(testActor(bob), 's1')
    assert.deepEqual(JSON.parse((await kept())[0] ?? ''), {
      time: '2026-01-01T00:00:00.000Z',
      kind: 'admin',
      event: 'sessions revoked',
      ip: '192.0.2.1',
      'request-id': 'r1',
      'session-ids': ['s1'],
      'by-user': 'user-of-s3',
      'by-email': 'bob@example.com',
      'by-session-id': 's3',
    })
  })

  test('a service account is named by its id, and never by what its credential is known by', async () => {
    const { operations, kept } = createTestOperations({ sessions })
    await operations.revokeUser(testActor(deploySession), 'bob@example.com')
    const [entry = ''] = await kept()
    assert.equal(JSON.parse(entry)['by-service-account-id'], 'deploy')
    assert.ok(!entry.includes('c2VjcmV0'))
  })
})

describe('operations on the keys of stored tokens', () => {
  test('a step ends the sessions whose tokens were changed from outside, and says so', async () => {
    const { operations, happened, kept } = createTestOperations({
      sessions,
      tokenKeys: {
        list: () => Promise.resolve([]),
        move: (after) => Promise.resolve({ moved: 4, unreadable: ['s2'], next: `${after}+` }),
      },
    })
    assert.deepEqual(await operations.stepTokenRotation(localActor, { after: 'a' }), {
      moved: 4,
      ended: ['s2'],
      next: 'a+',
    })
    assert.ok(happened.includes('cut s2 session-revoked'))
    const event = 'sessions ended: their stored tokens were changed from outside'
    assert.deepEqual(await kept(), [
      `{${time},"kind":"admin","event":"${event}","session-ids":["s2"]}`,
    ])
  })

  test('what is no position in a rotation is refused before anything moves', async () => {
    const { operations } = createTestOperations()
    const odd = { after: 'x'.repeat(257) }
    await assert.rejects(operations.stepTokenRotation(localActor, odd), {
      code: 'malformed-request',
    })
  })
})
