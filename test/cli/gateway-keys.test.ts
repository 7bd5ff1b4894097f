import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import type { Operations } from '../../src/control/operations.ts'
import { createAuthority } from '../../src/control/authority.ts'
import { startControl } from '../../src/control/server.ts'
import { signingKeyOperations } from '../../src/control/signing-keys.ts'
import { createSigningKeys } from '../../src/identity/signing-keys.ts'
import type { Link } from '../../src/links/link.ts'
import type { NamedTunnel } from '../../src/publish/named-tunnels.ts'
import { tokenKeyOperations } from '../../src/control/token-keys.ts'
import { openStateDirectory } from '../../src/store/state-directory.ts'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { serviceAccountRecord } from '../../src/store/service-account-store.suite.ts'
import { silentLogger } from '../../src/log.ts'
import { sessionRecord } from '../../src/store/session-store.suite.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { readAudit, type KeptEntry } from '../../src/telemetry/audit/read-audit.ts'
import { createAuditLog } from '../../src/telemetry/audit-log.ts'
import { createSandbox, runPostern, type Ended } from './program.ts'

describe('postern gateway keys', () => {
  test('list says which keys there are, where they come from and what they encrypt', async () => {
    await using gateway = await startStore(3)
    const { stdout } = await gateway.run('list')
    assert.match(
      stdout,
      /^KEY +FROM +CREATED +STATE +SESSIONS\n[\w-]{16}  shared_secret  [\d-]+ [\d:]+ \S+ \(.*\)  current  3\n$/,
    )
    const { keys } = JSON.parse((await gateway.run('list', '--json')).stdout)
    assert.deepEqual([keys[0].from, keys[0].current, keys[0].sessions], ['shared_secret', true, 3])
  })

  test('rotate says the new key, moves everything to it, and signs nobody out', async () => {
    await using gateway = await startStore(250)
    const { code, stdout, stderr } = await gateway.run('rotate')
    const key = stdout.trim()
    assert.deepEqual(
      [code, stderr],
      [
        0,
        `the new key is "${key}", from "shared_secret"\n` +
          'encrypted the tokens of 250 sessions with it\nformer keys are no longer needed\n',
      ],
    )
    assert.equal((await gateway.run('list')).stdout.split('\n').length, 3)
    assert.equal((await gateway.store.sessions.list()).length, 250)
    assert.equal((await gateway.store.sessions.get('s-7'))?.refreshToken, 'refresh-7')
  })

  test('rotate finishes one that was interrupted, with its key', async () => {
    await using gateway = await startStore(250)
    await gateway.store.tokenKeys.begin(Date.now())
    await gateway.store.tokenKeys.move('')
    const { keys } = JSON.parse((await gateway.run('list', '--json')).stdout)
    assert.deepEqual(
      keys.map((key: { sessions: number }) => key.sessions),
      [225, 25],
    )
    const { stdout, stderr } = await gateway.run('rotate', '--json')
    const { key, resumed, sessions, former_keys: former } = JSON.parse(stdout)
    assert.deepEqual([key, resumed, sessions, former], [keys[1].id, true, 225, []])
    assert.match(stderr, /^going on with "/)
  })
})

const purposes = [
  'connector-grant',
  'ssh-ca',
  'application-token',
  'connector-ca',
  'audit',
] as const

describe('postern gateway keys of what is signed', () => {
  test('rotate and forget say the keys on stdout, and what it means to people beside it', async () => {
    await using gateway = await startStore(0)
    const list = async () => JSON.parse((await gateway.run('list', 'ssh-ca', '--json')).stdout).keys
    const [first] = await list()
    const none = await gateway.run('forget', 'ssh-ca')
    assert.deepEqual([none.code, none.stdout, none.stderr], [0, '', 'there are no former keys\n'])
    const rotated = await gateway.run('rotate', 'ssh-ca')
    assert.match(rotated.stderr, /signed with the key before until that is forgotten/)
    assert.match(rotated.stderr, /TrustedUserCAKeys file of every sshd/)
    assert.deepEqual(
      (await list()).map(({ id, current }: { id: string; current: boolean }) => [id, current]),
      [
        [rotated.stdout.trim(), true],
        [first.id, false],
      ],
    )
    const forgotten = await gateway.run('forget', 'ssh-ca')
    assert.equal(forgotten.stdout, `${first.id}\n`)
    assert.match(forgotten.stderr, /an sshd without its line lets nobody in/)
    const { stdout } = await gateway.run('list', 'ssh-ca')
    assert.match(
      stdout,
      /^KEY +CREATED +STATE +TRUSTED BY CONNECTORS\n[\w-]{43}  \S+ \S+ \S+ \(.*\)  current  -\n$/,
    )
  })

  test('says who has taken over a key for grants, and whom a forgotten one cuts', async () => {
    const trusts: string[] = []
    const link = {
      connectorId: 'c-1',
      tunnelId: 't-1',
      grantKeys: trusts,
      takeGrantKey: () => Promise.resolve(false),
      endedBy: 'keys-forgotten',
    } as unknown as Link
    await using gateway = await startStore(0, [link])
    const rotated = await gateway.run('rotate', 'connector-grant')
    assert.match(rotated.stderr, /nobody is cut, and no token needs replacing/)
    assert.match(rotated.stderr, /0 connectors trust it now\nnot yet: c-1 of "lab"/)
    const forgotten = await gateway.run('forget', 'connector-grant')
    assert.match(forgotten.stderr, /cut, and in need of a new token: c-1 of "lab"/)
  })

  test('is a mistake for a purpose that has none, and names those that there are', async () => {
    await using gateway = await startStore(0)
    for (const args of [['rotate', 'tls'], ['forget', 'stored-tokens'], ['forget']]) {
      const { code, stdout, stderr } = await gateway.run(...args)
      assert.deepEqual([code, stdout], [2, ''], stderr)
      assert.match(stderr, /connector-grant|<?which>?/)
    }
  })
})

describe('postern gateway keys discard', () => {
  test('lets a gateway start whose secret is lost, ends those sessions, and keeps accounts', async () => {
    await using sandbox = await createSandbox()
    const secret = (fill: number) => Buffer.alloc(32, fill)
    const secrets = (fill: number) => [{ setting: 'shared_secret', bytes: secret(fill) }] as const
    const storePath = join(sandbox.path, 'postern.db')
    const store = await openSqliteStore(storePath, secrets(1))
    const expiresAtMs = Date.now() + 3_600_000
    await store.sessions.add(sessionRecord({ expiresAtMs }))
    await store.serviceAccounts.add(serviceAccountRecord(), 1)
    const keys = createSigningKeys(store, systemClock)
    for (const purpose of purposes) await keys.current(purpose)
    await store.close()
    await assert.rejects(openSqliteStore(storePath, secrets(2)), { code: 'token-key-missing' })

    const { cert, key } = await (await createCertificateAuthority()).issue(['localhost'])
    const yaml = [
      `certificate: ${Buffer.from(cert).toString('base64')}`,
      `certificate_key: ${Buffer.from(key).toString('base64')}`,
      `shared_secret: ${secret(2).toString('base64')}`,
      `state_directory: ${sandbox.path}`,
    ]
    const config = join(sandbox.path, 'postern.yaml')
    await writeFile(config, yaml.join('\n'), { mode: 0o600 })
    const discard = (): Promise<Ended> =>
      runPostern(['gateway', 'keys', 'discard', '-c', config], { env: sandbox.env })

    const running = await openStateDirectory(sandbox.path)
    const refused = await discard()
    assert.deepEqual([refused.code, /in use by another gateway/.test(refused.stderr)], [8, true])
    running.release()
    const { code, stderr } = await discard()
    const [ended, ...lines] = stderr.trimEnd().split('\n')
    assert.deepEqual(
      [code, ended],
      [0, 'ended 1 session; service accounts and other sessions stay'],
    )
    assert.equal(lines.length, 6, stderr)
    for (const what of [
      /connectors refuse every stream .*"postern tunnel token"/,
      /SSH .*"postern gateway ssh-ca"/,
      /application tokens.*sign in again/,
      /stock connectors .*--for-cloudflared"/,
      /where "shared_secret" is what was lost, rotate every service account and every token of a named tunnel/,
    ])
      assert.match(stderr, what)
    assert.equal(
      (await discard()).stderr,
      'ended 0 sessions; service accounts and other sessions stay\n',
    )
    const audit: KeptEntry[] = []
    for await (const entry of readAudit(join(sandbox.path, 'audit'), 0)) audit.push(entry)
    const event = 'discarded: no key reads these stored tokens and signing keys'
    assert.deepEqual(
      audit.map((entry) => [entry.kind, entry.event, entry['sessions']]),
      [
        ['audit', 'file begun', undefined],
        ['admin', event, 1],
      ],
    )
    const again = await openSqliteStore(storePath, secrets(2))
    assert.deepEqual(await again.sessions.list(), [])
    assert.equal((await again.serviceAccounts.list()).length, 1)
    await again.close()
  })
})

interface StoreBehindSocket extends AsyncDisposable {
  readonly store: Store
  run(...args: string[]): Promise<Ended>
}

/** What answers commands on a state directory, over a store with sessions. */
async function startStore(
  sessions: number,
  links: readonly Link[] = [],
): Promise<StoreBehindSocket> {
  const sandbox = await createSandbox()
  const store = await openSqliteStore(':memory:')
  for (let index = 0; index < sessions; index += 1) {
    await store.sessions.add(sessionRecord({ id: `s-${index}`, refreshToken: `refresh-${index}` }))
  }
  const logger = silentLogger
  const audit = createAuditLog({ logger })
  const authority = createAuthority({ roleOf: () => undefined, sessionVersion: () => undefined })
  const signing = signingKeyOperations({
    authority,
    signingKeys: createSigningKeys(store, systemClock),
    links: { list: () => links },
    namedTunnels: { find: (id) => (id === 't-1' ? ({ name: 'lab' } as NamedTunnel) : undefined) },
    logger,
    audit,
  })
  const storing = tokenKeyOperations({
    authority,
    clock: systemClock,
    tokenKeys: store.tokenKeys,
    logger,
    audit,
    identity: {
      async *listSessions() {},
      sessionPage: () => Promise.resolve([]),
      sessionsOf: () => Promise.resolve([]),
      countSessions: () => Promise.resolve(0),
      revokeSession: (id) => store.sessions.remove(id, 'revoked'),
    },
    liveTunnels: { countOf: () => 0, redecide: () => Promise.resolve() },
  })
  const operations = { ...storing, ...signing } as Operations
  const control = await startControl(join(sandbox.path, 'control.sock'), { operations, logger })
  return {
    store,
    run: (...args) =>
      runPostern(['gateway', 'keys', ...args, '--state-directory', sandbox.path], {
        env: sandbox.env,
      }),
    async [Symbol.asyncDispose]() {
      await control.close(0)
      await store.close()
      await sandbox[Symbol.asyncDispose]()
    },
  }
}
