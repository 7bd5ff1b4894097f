import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Role } from '../access/administrators.ts'
import { AccessError } from '../errors.ts'
import type { Link } from '../links/link.ts'
import { createAuthority, rules, type OperationName, type Rule } from './authority.ts'
import { localActor } from './change.ts'
import { createTestOperations, testActor, testSession } from './operations.fixture.ts'

const by = testActor(testSession('s1', 'ada@example.com'))
const names = Object.keys(rules) as readonly OperationName[]

/** What authority says to somebody of this role about each operation: nothing, or the code of its refusal. */
function askedAs(role: Role | undefined, version: number | undefined = 1) {
  const authority = createAuthority({ roleOf: () => role, sessionVersion: () => version })
  return (name: OperationName, who: typeof by | typeof localActor = by): string | undefined => {
    try {
      authority.require(who, name)
      return undefined
    } catch (error) {
      return (error as { code: string }).code
    }
  }
}

describe('who may do what', () => {
  test('there is a row for each operation, and none besides', () => {
    const { operations } = createTestOperations()
    assert.deepEqual(Object.keys(operations).toSorted(), names.toSorted())
  })

  test('whoever may open the control socket, and an admin, may do everything', () => {
    for (const name of names) {
      assert.equal(askedAs(undefined)(name, localActor), undefined, name)
      assert.equal(askedAs({ role: 'admin' })(name), undefined, name)
    }
  })

  test('an auditor sees all there is, and changes nothing', () => {
    const asked = askedAs({ role: 'auditor' })
    for (const name of names) {
      const refused = rules[name].role === 'admin' ? 'role-required' : undefined
      assert.equal(asked(name), refused, name)
    }
    // What is called a list, a count, a check, a picture or a trial changes nothing, and everything else does.
    const seeing = names.filter((name) =>
      /^(?:list|find|search|get|count|check|export|try|whoCan|whatCan|overview|samples|auditCheckpoint)/.test(
        name,
      ),
    )
    // What is for everybody who is signed in looks by itself at what it concerns.
    const isOfRole = (name: OperationName): boolean => rules[name].role !== 'signed-in'
    assert.deepEqual(
      names.filter((name) => asked(name) === undefined).filter(isOfRole),
      seeing.filter(isOfRole),
    )
  })

  test('somebody without a role does nothing but what is for everybody who is signed in', () => {
    for (const name of names) {
      const rule: Rule = rules[name]
      const refused = rule.role === 'signed-in' ? undefined : 'role-required'
      assert.equal(askedAs(undefined)(name), refused, name)
    }
  })

  test('who administers a namespace comes no further than what is by namespace', () => {
    const asked = askedAs({ role: 'admin', namespaces: ['db'] })
    for (const name of names) {
      const rule: Rule = rules[name]
      const isOpen = rule.role === 'signed-in' || rule.byNamespace === true
      assert.equal(asked(name), isOpen ? undefined : 'role-required', name)
    }
  })

  test('a session that has ended may do nothing, and one that has changed is asked to try again', () => {
    const ended = createAuthority({
      roleOf: () => ({ role: 'admin' }),
      sessionVersion: () => undefined,
    })
    const changed = createAuthority({ roleOf: () => ({ role: 'admin' }), sessionVersion: () => 2 })
    for (const name of names) {
      assert.throws(() => ended.require(by, name), { code: 'sign-in-required' })
      assert.throws(() => changed.require(by, name), { code: 'decision-unsettled' })
    }
  })

  test('an administrator who is blocked may do nothing, before their session has ended', () => {
    const check = (): void => {
      throw new AccessError('person-blocked', 'blocked')
    }
    const authority = createAuthority({
      roleOf: () => ({ role: 'admin' }),
      sessionVersion: () => 1,
      blockedPeople: { check },
    })
    for (const name of names)
      assert.throws(() => authority.require(by, name), { code: 'person-blocked' })
    assert.throws(() => authority.roleOf(by), { code: 'person-blocked' })
    authority.require(localActor, 'blockPerson')
  })

  test('a change of something in a namespace is asked of each namespace that it touches', () => {
    const authority = createAuthority({
      roleOf: () => ({ role: 'admin', namespaces: ['db', 'web'] }),
      sessionVersion: () => 1,
    })
    const ask = (...namespaces: readonly (string | undefined)[]) =>
      authority.requireIn(by, 'cutTunnels', namespaces)
    ask('db')
    ask('db', 'web')
    for (const namespaces of [['mail'], ['db', 'mail'], ['mail', 'db'], ['db', undefined]])
      assert.throws(() => ask(...namespaces), { code: 'role-required' })
    assert.deepEqual(['db', 'mail', undefined].map(authority.sees(by)), [true, false, false])
  })
})

describe('operations', () => {
  test('a role that went between two calls is missed at the second', async () => {
    let role: Role | undefined = { role: 'admin' }
    const sessions = [testSession('s1', 'ada@example.com'), testSession('s2', 'bob@example.com')]
    const { operations, happened } = createTestOperations({ sessions, roleOf: () => role })
    await operations.revokeSession(by, 's1')
    role = undefined
    assert.throws(() => void operations.revokeSession(by, 's2'), { code: 'role-required' })
    assert.ok(!happened.includes('ended s2'))
  })

  test('a role that goes while connectors are waited for has no keys forgotten', async () => {
    let role: Role | undefined = { role: 'admin' }
    const forgotten: string[] = []
    const link: Partial<Link> = {
      connectorId: 'c1',
      tunnelId: 't1',
      grantKeys: [],
      async takeGrantKey() {
        await Promise.resolve()
        role = undefined
        return false
      },
    }
    const { operations } = createTestOperations({
      roleOf: () => role,
      links: [link as Link],
      signingKeys: {
        all: () => Promise.resolve([]),
        rotate: () => Promise.reject(new Error('unused')),
        forgetRetired(purpose) {
          forgotten.push(purpose)
          return Promise.resolve([])
        },
      },
    })
    await assert.rejects(operations.forgetSigningKeys(by, 'connector-grant'), {
      code: 'role-required',
    })
    assert.deepEqual(forgotten, [])
  })
})
