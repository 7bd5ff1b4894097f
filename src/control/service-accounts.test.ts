import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { createServiceAccountTokens } from '../identity/service-account-token.ts'
import { createServiceAccounts, type ServiceAccounts } from '../identity/service-accounts.ts'
import { silentLogger, type LogFields, type Logger } from '../log.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { createAuditLog } from '../telemetry/audit-log.ts'
import { stateFiles } from '../store/state-directory.ts'
import type { Role } from '../access/administrators.ts'
import { createAuthority } from './authority.ts'
import { createControlClient, type ControlClient } from './client.ts'
import { localActor } from './change.ts'
import { testActor, testSession, testVersion } from './operations.fixture.ts'
import type { Operations } from './operations.ts'
import { startControl } from './server.ts'
import { serviceAccountOperations } from './service-accounts.ts'

const clock = createFakeClock()
/** What the sockets of all tests have logged. */
const said: [message: string, fields: LogFields | undefined][] = []
const creation = { id: 'backup', description: '', format: 'jwt', expires_at: null } as const

test('a service account is created, listed, rotated and revoked through the socket', async (t) => {
  const cut: string[] = []
  const { control, accounts } = await startBoth(t, (sessionId) => cut.push(sessionId))
  const expires_at = new Date(clock.now() + 86_400_000).toISOString()
  const made = await control.createServiceAccount({ ...creation, expires_at })
  assert.deepEqual([made.id, made.format, made.expires_at], ['backup', 'jwt', expires_at])
  const [before] = await accounts.list()
  const rotation = { keep_old_ms: 0, expires_at: null }
  const next = await control.rotateServiceAccount('backup', rotation)
  assert.equal(next.expires_at, null)
  assert.notEqual(next.credential, made.credential)
  // What is told to have ended has: the answer waits for it.
  assert.deepEqual(cut, before?.sessionIds)
  assert.deepEqual(await control.listServiceAccounts(), {
    service_accounts: [
      {
        id: 'backup',
        description: '',
        state: 'active',
        format: 'jwt',
        created_at: new Date(clock.now()).toISOString(),
        rotated_at: new Date(clock.now()).toISOString(),
        expires_at: null,
        old_credential_until: null,
        last_used_on: null,
        tunnels: 0,
      },
    ],
  })
  assert.deepEqual(await control.revokeServiceAccount('backup'), { revoked: ['backup'] })
  assert.equal(cut.length, 2)
})

test('every change is logged, and no credential', async (t) => {
  const { control } = await startBoth(t)
  said.length = 0
  const made = await control.createServiceAccount(creation)
  const next = await control.rotateServiceAccount('backup', { keep_old_ms: 5 })
  await control.revokeServiceAccount('backup')
  await assert.rejects(control.revokeServiceAccount('nobody'))
  const account = { 'service-account-id': 'backup' }
  const issued = { ...account, format: 'jwt', 'expires-at': null }
  assert.deepEqual(said, [
    ['service account created', issued],
    ['service account rotated', { ...issued, 'keep-old-ms': 5 }],
    ['service account revoked', account],
  ])
  for (const { credential } of [made, next]) {
    assert.ok(!JSON.stringify(said).includes(credential))
  }
})

test('a fault comes back with its code and its hint', async (t) => {
  const { control } = await startBoth(t)
  await control.createServiceAccount(creation)
  await assert.rejects(control.createServiceAccount(creation), {
    code: 'service-account-exists',
    hint: /service-account rotate backup/,
  })
  await assert.rejects(control.revokeServiceAccount('bakup'), {
    code: 'service-account-not-found',
    hint: 'did you mean "backup"?',
  })
  await assert.rejects(control.revokeServiceAccount('a/b?c'), { message: /"a\/b\?c"/ })
})

test('a command that makes no sense changes nothing, and is one sentence', async (t) => {
  const { control, accounts } = await startBoth(t)
  const odd = { ...creation, expires_at: 'tomorrow' }
  await assert.rejects(control.createServiceAccount(odd), { code: 'malformed-request' })
  const huge = { ...creation, description: 'x'.repeat(20_000) }
  await assert.rejects(control.createServiceAccount(huge), { code: 'control-failed' })
  assert.deepEqual(await accounts.list(), [])
})

test('an old credential is kept for whole milliseconds, and never beyond what a date can say', async (t) => {
  const { control } = await startBoth(t)
  await control.createServiceAccount(creation)
  const keep = (keep_old_ms: number) => control.rotateServiceAccount('backup', { keep_old_ms })
  for (const keepMs of [1e16, 1e300]) {
    await assert.rejects(keep(keepMs), { code: 'malformed-request' })
  }
  await keep(1.5)
  await keep(9_999_999 * 86_400_000)
  const {
    service_accounts: [account],
  } = await control.listServiceAccounts()
  assert.match(account?.old_credential_until ?? '', /^\+\d{6}-/)
  assert.deepEqual(await control.revokeServiceAccount('backup'), { revoked: ['backup'] })
})

test('a role that goes while a change waits for others is missed before anything is written', async (t) => {
  const accounts = await openAccounts(t)
  let role: Role | undefined = { role: 'admin' }
  const operations = serviceAccountOperations({
    authority: createAuthority({ roleOf: () => role, sessionVersion: () => testVersion }),
    identity: { serviceAccounts: accounts },
    liveTunnels: { countOf: () => 0, redecide: () => Promise.resolve() },
    logger: silentLogger,
    audit: createAuditLog({ logger: silentLogger }),
  })
  await operations.createServiceAccount(localActor, creation)
  const by = testActor(testSession('s1', 'ada@example.com'))
  const before = await accounts.list()
  const changes = [
    operations.createServiceAccount(by, { ...creation, id: 'stronger' }),
    operations.rotateServiceAccount(by, 'backup', { keep_old_ms: 0 }),
    operations.revokeServiceAccount(by, 'backup'),
  ]
  role = undefined
  for (const change of await Promise.allSettled(changes)) {
    assert.equal(change.status, 'rejected')
    assert.equal((change.reason as { code: string }).code, 'role-required')
  }
  assert.deepEqual(await accounts.list(), before)
})

async function startBoth(
  t: TestContext,
  onCut: (sessionId: string) => void = () => undefined,
): Promise<{ control: ControlClient; accounts: ServiceAccounts }> {
  const accounts = await openAccounts(t)
  return { control: await startSocket(t, accounts, onCut), accounts }
}

async function openAccounts(t: TestContext): Promise<ServiceAccounts> {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  return createServiceAccounts({
    store,
    tokens: createServiceAccountTokens('localhost', new Uint8Array(32), clock),
    clock,
    log: silentLogger,
    isSignedIn: () => Promise.resolve(false),
  })
}

async function startSocket(
  t: TestContext,
  serviceAccounts: ServiceAccounts,
  onCut: (sessionId: string) => void = () => undefined,
): Promise<ControlClient> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-control-'))
  const logger: Logger = {
    ...silentLogger,
    info: (message, fields) => said.push([message, fields]),
  }
  const operations = serviceAccountOperations({
    authority: createAuthority({ roleOf: () => undefined, sessionVersion: () => undefined }),
    identity: { serviceAccounts },
    liveTunnels: {
      countOf: () => 0,
      redecide: (filter) => Promise.resolve(onCut(filter?.sessionId ?? 'every session')),
    },
    logger,
    audit: createAuditLog({ logger }),
  })
  const server = await startControl(join(directory, stateFiles.controlSocket), {
    operations: operations as Operations,
    logger,
  })
  t.after(async () => {
    await server.close(0)
    await rm(directory, { recursive: true })
  })
  return createControlClient(directory)
}
