import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger } from '../log.ts'
import { publishCredentialRecord } from '../store/publish-credential-store.suite.ts'
import type { PublishCredentialRecord } from '../store/publish-store.ts'
import type { AuditEntry } from '../telemetry/audit-log.ts'
import type { RoleOf } from '../access/administrators.ts'
import { createAuthority } from './authority.ts'
import { localActor } from './change.ts'
import { testActor, testSession, testVersion } from './operations.fixture.ts'
import { publisherOperations } from './publishers.ts'

const dayMs = 86_400_000

function createRig(roleOf: RoleOf = () => undefined) {
  const clock = createFakeClock()
  const expiresAtMs = clock.now() + dayMs
  const { person } = publishCredentialRecord()
  const bob = { ...person, userId: 'u-bob', email: undefined }
  const records: PublishCredentialRecord[] = [
    publishCredentialRecord({ id: 'pc-1', expiresAtMs }),
    publishCredentialRecord({ id: 'pc-2', expiresAtMs: clock.now() }),
    publishCredentialRecord({ id: 'pc-3', expiresAtMs, revokedAtMs: 1 }),
    publishCredentialRecord({ id: 'pc-4', expiresAtMs, person: bob }),
    publishCredentialRecord({ id: 'pc-5', expiresAtMs }),
  ]
  const revoked: string[] = []
  const entries: AuditEntry[] = []
  const operations = publisherOperations({
    authority: createAuthority({ roleOf, sessionVersion: () => testVersion }),
    clock,
    logger: silentLogger,
    audit: {
      record: (entry) => void entries.push(entry),
      flushed: () => Promise.resolve(),
    },
    publishers: {
      list: () => records,
      revoke(id) {
        revoked.push(id)
        return Promise.resolve(records.find((it) => it.id === id) ?? publishCredentialRecord())
      },
    },
  })
  return { operations, revoked, entries }
}

test('publishers are listed by name or id, with what their credentials are worth', async () => {
  const { publishers } = await createRig().operations.listPublishers(localActor)
  assert.deepEqual(
    publishers.map(({ id, user, user_id, state }) => [id, user, user_id, state]),
    [
      ['pc-1', 'alice@example.com', 'u-alice', 'active'],
      ['pc-2', 'alice@example.com', 'u-alice', 'expired'],
      ['pc-3', 'alice@example.com', 'u-alice', 'revoked'],
      ['pc-4', 'u-bob', 'u-bob', 'active'],
      ['pc-5', 'alice@example.com', 'u-alice', 'active'],
    ],
  )
})

test('one credential is revoked, or all of a person that are worth something, each with its record', async () => {
  const { operations, revoked, entries } = createRig()
  assert.deepEqual(await operations.revokePublishers(localActor, 'pc-4'), { revoked: ['pc-4'] })
  await operations.revokePublishers(localActor, 'Alice@Example.com')
  assert.deepEqual(revoked, ['pc-4', 'pc-1', 'pc-5'])
  assert.deepEqual(
    entries.map(({ event, details }) => [event, details?.['publisher-id']]),
    revoked.map((id) => ['publish credential revoked', id]),
  )
})

test('nobody is told to be revoked who was not', async () => {
  const { operations, revoked } = createRig()
  for (const who of ['pc-2', 'pc-3', 'carol@example.com', ''])
    await assert.rejects(operations.revokePublishers(localActor, who), {
      code: 'publish-credential-not-found',
    })
  assert.deepEqual(revoked, [])
})

test('a role that goes between two of a person is missed at the second', async () => {
  let asked = 0
  const { operations, revoked, entries } = createRig(() =>
    (asked += 1) === 1 ? { role: 'admin' } : undefined,
  )
  const by = testActor(testSession('s1', 'ada@example.com'))
  await assert.rejects(operations.revokePublishers(by, 'alice@example.com'), {
    code: 'role-required',
  })
  assert.deepEqual([revoked, entries.length], [['pc-1'], 1])
})
