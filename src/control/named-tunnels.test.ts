import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeerError } from '../errors.ts'
import { silentLogger } from '../log.ts'
import type { NewNamedTunnel } from '../publish/named-tunnels.ts'
import type { OperatorTunnels } from '../publish/operator-tunnels.ts'
import type { RecordState } from '../publish/records.ts'
import type { TunnelSecrets } from '../publish/tunnel-secrets.ts'
import { decodeTunnelToken } from '../tunnel/tunnel-credential.ts'
import type { AuditEntry } from '../telemetry/audit-log.ts'
import { createAuthority } from './authority.ts'
import { localActor } from './change.ts'
import { namedTunnelOperations } from './named-tunnels.ts'
import { testActor, testSession } from './operations.fixture.ts'

const id = '7b2cf4a3-58f1-4b3a-9d51-0b5c2f0d7b11'

interface RigOptions {
  readonly create?: OperatorTunnels['create']
  readonly failed?: RecordState
  /** Whose turn it is to say no. */
  readonly isAdmin?: () => boolean
}

function createRig({ create, failed, isAdmin = () => true }: RigOptions = {}) {
  const entries: AuditEntry[] = []
  const wanted: NewNamedTunnel[] = []
  const lab = { name: 'lab', site: 'site.com', createdBy: 'the operator' }
  const tunnel = { ...lab, id, createdAtMs: 0, hostnames: ['a.site.com'], services: undefined }
  const secrets = {
    tunnel,
    secret: new Uint8Array(32),
    grantKeys: [{ kty: 'OKP', crv: 'Ed25519', x, kid: 'k', alg: 'EdDSA', use: 'sig' }],
  } satisfies TunnelSecrets
  const operations = namedTunnelOperations({
    authority: createAuthority({
      roleOf: () => (isAdmin() ? { role: 'admin' } : undefined),
      sessionVersion: () => 1,
    }),
    logger: silentLogger,
    audit: { record: (entry) => void entries.push(entry), flushed: () => Promise.resolve() },
    accountTag: 'a'.repeat(32),
    gatewayUrl: 'https://access.example.com',
    links: { list: () => [] },
    operatorTunnels: {
      list: () => [],
      sites: () => ['site.com'],
      async create(made, admit) {
        wanted.push(made)
        await create?.(made)
        admit?.()
        return { ...secrets, tunnel: { ...tunnel, ...made, hostnames: [] } }
      },
      rotate(_, admit) {
        admit?.()
        return Promise.resolve(secrets)
      },
      delete(_, { force, admit, removed }) {
        admit?.()
        if (!force) return Promise.reject(new PeerError('tunnel-connected', 'it is in use'))
        removed(tunnel)
        return Promise.resolve({ tunnel, records: failed ? [failed] : [], routes: ['a.site.com'] })
      },
    },
  })
  return { operations, entries, wanted }
}

const x = Buffer.alloc(32).toString('base64url')

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
    grant_keys: [{ kty: 'OKP', crv: 'Ed25519', x }],
    token: made.token,
  })
  const { gateway, tunnelId, secret: carried } = decodeTunnelToken(made.token ?? '')
  assert.deepEqual(
    { gateway, tunnelId, secret: carried.toString('base64') },
    { gateway: 'https://access.example.com', tunnelId: id, secret },
  )
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
  const { operations, entries } = createRig({ create: () => Promise.reject(new Error('no room')) })
  const made = operations.createNamedTunnel(localActor, { name: 'lab', site: 'site.com' })
  await assert.rejects(made, { message: 'no room' })
  assert.deepEqual(entries, [])
})

test('a token that takes the place of another leaves a record without it', async () => {
  const { operations, entries } = createRig()
  const { token } = await operations.rotateNamedTunnel(localActor, 'lab')
  assert.equal(decodeTunnelToken(token ?? '').tunnelId, id)
  assert.deepEqual(entries, [
    {
      kind: 'admin',
      event: 'named tunnel token rotated',
      details: { 'tunnel-id': id, 'tunnel-name': 'lab', site: 'site.com' },
    },
  ])
})

test('one that is deleted leaves a record, and says what is left to do', async () => {
  const failed = { state: 'failed', records: [], message: 'the zone is locked', next: 'unlock it' }
  const { operations, entries } = createRig({ failed } as RigOptions)
  await assert.rejects(operations.deleteNamedTunnel(localActor, { tunnel: 'lab' }), {
    code: 'tunnel-connected',
  })
  assert.equal(entries.length, 0)
  const deleted = await operations.deleteNamedTunnel(localActor, { tunnel: 'lab', force: true })
  assert.deepEqual(deleted, {
    deleted: id,
    routes: ['a.site.com'],
    notices: ['the zone is locked: unlock it'],
  })
  assert.deepEqual(
    entries.map(({ event, details }) => [event, details?.['hostnames']]),
    [['named tunnel deleted', ['a.site.com']]],
  )
})

test('whoever may not any more when it is done has done nothing', async () => {
  const { operations, entries } = createRig({ isAdmin: () => false })
  const by = testActor(testSession('s1', 'alice@example.com'))
  const refused = { code: 'role-required' }
  await assert.rejects(operations.createNamedTunnel(by, { name: 'lab', site: 'site.com' }), refused)
  await assert.rejects(operations.rotateNamedTunnel(by, 'lab'), refused)
  const deletion = { tunnel: 'lab', force: true }
  await assert.rejects(operations.deleteNamedTunnel(by, deletion), refused)
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
