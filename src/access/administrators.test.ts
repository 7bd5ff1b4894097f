import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import type { AnySession } from '../identity/session.ts'
import { parsePolicy } from '../policy/language/parse.ts'
import type { Policy } from '../policy/policy.ts'
import {
  changesAll,
  changesIn,
  createRoleOf,
  nobodyAdministers,
  seesAll,
  seesIn,
  type Administrators,
} from './administrators.ts'
import { testSession } from './access.fixture.ts'

function policy(criterion: unknown): Policy {
  const parsed = parsePolicy([{ allow: { or: [criterion] } }])
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems))
  return parsed.policy
}

const emailIs = (email: string): Policy => policy({ email: { is: email } })

function roles(administrators: Partial<Administrators>) {
  const roleOf = createRoleOf({
    clock: createFakeClock(),
    clientCertificates: { facts: () => undefined },
    subjectOf: (session) => session,
    administrators: () => ({ ...nobodyAdministers, ...administrators }),
  })
  const client = { ip: '192.0.2.1', endpoints: undefined }
  return (session: AnySession | undefined) =>
    roleOf({ client, session, sessionVersion: session && 1 })
}

const ada = testSession('s1', 'ada@example.com')

test('without a word about it nobody administers', () => {
  assert.equal(roles({})(ada), undefined)
})

test('an address that the provider has not verified makes nobody an administrator', () => {
  const roleOf = roles({ admin: emailIs('ada@example.com') })
  assert.deepEqual(roleOf(ada), { role: 'admin' })
  assert.equal(roleOf({ ...ada, emailVerified: false }), undefined)
})

test('whoever is not signed in has no role, also where a policy lets everybody in', () => {
  const roleOf = roles({ admin: policy({ accept: true }) })
  assert.equal(roleOf(undefined), undefined)
  assert.deepEqual(roleOf(ada), { role: 'admin' })
})

test('an admin is no auditor as well, and an auditor may administer namespaces', () => {
  const own = { name: 'db', administrators: emailIs('ada@example.com') }
  const other = { name: 'web', administrators: emailIs('bob@example.com') }
  const all = { auditor: emailIs('ada@example.com'), namespaces: [own, other] }
  assert.deepEqual(roles({ namespaces: [own, other] })(ada), { role: 'admin', namespaces: ['db'] })
  assert.deepEqual(roles(all)(ada), { role: 'auditor', namespaces: ['db'] })
  assert.deepEqual(roles({ ...all, admin: emailIs('ada@example.com') })(ada), { role: 'admin' })
})

test('what each role sees and changes', () => {
  const table = [
    [undefined, [false, false, false, false, false, false]],
    [{ role: 'admin' }, [true, true, true, true, true, true]],
    [{ role: 'auditor' }, [true, true, true, false, false, false]],
    [{ role: 'admin', namespaces: ['db'] }, [false, true, false, false, true, false]],
    [{ role: 'auditor', namespaces: ['db'] }, [true, true, true, false, true, false]],
  ] as const
  for (const [role, expected] of table) {
    const found = [
      seesAll(role),
      seesIn(role, 'db'),
      seesIn(role, undefined),
      changesAll(role),
      changesIn(role, 'db'),
      changesIn(role, undefined),
    ]
    assert.deepEqual(found, expected, JSON.stringify(role))
  }
})
