import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { startControl, type ControlParts } from '../../src/gateway/control/server.ts'
import { silentLogger } from '../../src/log.ts'
import { sessionRecord } from '../../src/store/session-store.suite.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { createAuditLog } from '../../src/telemetry/audit-log.ts'
import { createSandbox, runPostern, type Ended } from './program.ts'

describe('postern gateway keys', () => {
  test('list says which keys there are, where they come from and what they encrypt', async () => {
    await using gateway = await startStore(3)
    const { stdout } = await gateway.run('list')
    assert.match(
      stdout,
      /^KEY +FROM +CREATED +STATE +SESSIONS\n[\w-]{16}  shared_secret  [\d-]+ [\d:]+Z  current  3\n$/,
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
          'encrypted the tokens of 250 sessions with it\nno former key is needed any more\n',
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
      [150, 100],
    )
    const { stdout, stderr } = await gateway.run('rotate', '--json')
    const { key, resumed, sessions, former_keys: former } = JSON.parse(stdout)
    assert.deepEqual([key, resumed, sessions, former], [keys[1].id, true, 150, []])
    assert.match(stderr, /^going on with "/)
  })
})

interface StoreBehindSocket extends AsyncDisposable {
  readonly store: Store
  run(...args: string[]): Promise<Ended>
}

/** What answers commands on a state directory, over a store with sessions. */
async function startStore(sessions: number): Promise<StoreBehindSocket> {
  const sandbox = await createSandbox()
  const store = await openSqliteStore(':memory:')
  for (let index = 0; index < sessions; index += 1) {
    await store.sessions.add(sessionRecord({ id: `s-${index}`, refreshToken: `refresh-${index}` }))
  }
  const parts: Omit<ControlParts, 'serviceAccounts'> = {
    tokenKeys: store.tokenKeys,
    logger: silentLogger,
    audit: createAuditLog({ logger: silentLogger }),
    listSessions: () => Promise.resolve([]),
    revokeSession: (id) => store.sessions.remove(id),
    countTunnels: () => 0,
    cutSession: () => Promise.resolve(),
  }
  const control = await startControl(join(sandbox.path, 'control.sock'), parts as ControlParts)
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
