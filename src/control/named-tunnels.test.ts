import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../log.ts'
import type { NewNamedTunnel } from '../publish/named-tunnels.ts'
import type { OperatorTunnels } from '../publish/operator-tunnels.ts'
import type { AuditEntry } from '../telemetry/audit-log.ts'
import { createAuthority } from './authority.ts'
import { localActor } from './change.ts'
import { namedTunnelOperations } from './named-tunnels.ts'
import { testActor, testSession } from './operations.fixture.ts'

const id = '7b2cf4a3-58f1-4b3a-9d51-0b5c2f0d7b11'

function createRig(create?: OperatorTunnels['create']) {
  const entries: AuditEntry[] = []
  const wanted: NewNamedTunnel[] = []
  const operations = namedTunnelOperations({
    authority: createAuthority({ roleOf: () => ({ role: 'admin' }), sessionVersion: () => 1 }),
    logger: silentLogger,
    audit: { record: (entry) => void entries.push(entry), flushed: () => Promise.resolve() },
    accountTag: 'a'.repeat(32),
    links: { list: () => [] },
    operatorTunnels: {
      list: () => [],
      async create(tunnel) {
        wanted.push(tunnel)
        await create?.(tunnel)
        return {
          tunnel: { ...tunnel, id, createdAtMs: 0, hostnames: [], services: undefined },
          secret: new Uint8Array(32),
          grantKeys: [{ kty: 'OKP', crv: 'Ed25519', x: 'x', kid: 'k', alg: 'EdDSA', use: 'sig' }],
        }
      },
    },
  })
  return { operations, entries, wanted }
}

test('a named tunnel is made for whoever runs the gateway, with one record that has no secret', async () => {
  const { operations, entries, wanted } = createRig()
  const made = await operations.createNamedTunnel(localActor, { name: 'lab', site: 'site.com' })
  assert.deepEqual(wanted, [
    { name: 'lab', site: 'site.com', createdBy: 'the operator', userId: '' },
  ])
  const secret = Buffer.alloc(32).toString('base64')
  assert.deepEqual(made, {
    id,
    name: 'lab',
    secret,
    account_tag: 'a'.repeat(32),
    grant_keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'x' }],
  })
  assert.deepEqual(entries, [
    {
      kind: 'admin',
      event: 'named tunnel created',
      details: { 'tunnel-id': id, 'tunnel-name': 'lab', site: 'site.com' },
    },
  ])
})

test('somebody who is signed in is named as the maker, and in the record', async () => {
  const { operations, entries, wanted } = createRig()
  const by = testActor(testSession('s1', 'alice@example.com'))
  await operations.createNamedTunnel(by, { name: 'lab', site: 'site.com' })
  const { userId } = by.session
  assert.deepEqual(wanted, [
    { name: 'lab', site: 'site.com', createdBy: 'alice@example.com', userId },
  ])
  assert.equal(entries.length, 1)
  assert.equal(entries[0]?.details?.['by-email'], 'alice@example.com')
})

test('one that is not made leaves no record', async () => {
  const { operations, entries } = createRig(() => Promise.reject(new Error('no room')))
  const made = operations.createNamedTunnel(localActor, { name: 'lab', site: 'site.com' })
  await assert.rejects(made, { message: 'no room' })
  assert.deepEqual(entries, [])
})

test('what is no name makes nothing', async () => {
  const { operations, wanted, entries } = createRig()
  for (const input of [{ name: '', site: 'site.com' }, { name: 'lab' }, undefined])
    await assert.rejects(operations.createNamedTunnel(localActor, input as never), {
      code: 'malformed-request',
    })
  assert.deepEqual([...wanted, ...entries], [])
})
