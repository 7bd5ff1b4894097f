import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { emptyFile } from '../../catalog/catalog.fixture.ts'
import { openCatalog, type Catalog } from '../../catalog/catalog.ts'
import { createFakeClock } from '../../fake-clock.ts'
import { silentLogger } from '../../log.ts'
import { openSqliteStore } from '../../store/sqlite.ts'
import { testSession } from '../../control/operations.fixture.ts'
import type { ReachAnswer } from '../wire/reach.ts'
import type { TryAnswer } from '../wire/try-access.ts'
import { createApiRig } from './api.fixture.ts'

const definition = {
  from: 'tcp+https://ssh.example.com:22',
  to: 'tcp://10.0.0.1:22',
  policy: { allow: { or: [{ email: { is: 'ada@example.com' } }] } },
}

test('an admin reads what a change would do, with the faults of one that cannot be made', async (t) => {
  const catalog = await openTestCatalog(t)
  const sessions = [testSession('s-ada', 'ada@example.com')]
  const { ask } = createApiRig({ role: { role: 'admin' }, sessions, catalog })
  const answer = await ask('POST', '/reach', { body: { changes: [{ kind: 'route', definition }] } })
  const body = await answer.text()
  assert.equal(answer.status, 200, body)
  const { gained, routes } = JSON.parse(body) as ReachAnswer
  assert.deepEqual([gained?.total, routes[0]?.change], [1, 'added'])
  const faulty = { ...definition, policy: { allow: { or: [{ emial: 'x' }] } } }
  const refused = await ask('POST', '/reach', {
    body: { changes: [{ kind: 'route', definition: faulty }] },
  })
  assert.equal(refused.status, 422)
  const absent = { changes: [{ kind: 'policy', id: 'absent', definition: null }] }
  assert.equal((await ask('POST', '/reach', { body: absent })).status, 404)
})

test('an admin tries access as it would be with a change, which is not made', async (t) => {
  const { ask } = createApiRig({ role: { role: 'admin' }, catalog: await openTestCatalog(t) })
  const attempt = { person: 'ada@example.com', route: 'ssh.example.com:22' }
  const tried = async (changes: readonly object[]) =>
    ask('POST', '/try', { body: { ...attempt, changes } })
  const answer = await tried([{ kind: 'route', definition }])
  const body = (await answer.json()) as TryAnswer
  assert.deepEqual([answer.status, body.outcome], [200, 'allow'], JSON.stringify(body))
  const policy = { allow: { or: [{ email: { is: 'bob@example.com' } }] } }
  const other = await tried([{ kind: 'route', definition: { ...definition, policy } }])
  assert.equal(((await other.json()) as TryAnswer).outcome, 'deny')
  assert.equal((await ask('POST', '/try', { body: attempt })).status, 404)
  const faulty = { ...definition, policy: { allow: { or: [{ emial: 'x' }] } } }
  assert.equal((await tried([{ kind: 'route', definition: faulty }])).status, 422)
})

test('an auditor, who changes nothing, is refused', async (t) => {
  const { ask } = createApiRig({ role: { role: 'auditor' }, catalog: await openTestCatalog(t) })
  const changes = [{ kind: 'route', definition }]
  assert.equal((await ask('POST', '/reach', { body: { changes } })).status, 403)
  const body = { person: 'ada@example.com', route: 'ssh.example.com:22', changes }
  assert.equal((await ask('POST', '/try', { body })).status, 403)
})

async function openTestCatalog(t: TestContext): Promise<Catalog> {
  const store = await openSqliteStore(':memory:')
  const file = { ...emptyFile, identityProviders: [{ id: 'default' }] }
  const catalog = await openCatalog({ store, clock: createFakeClock(), logger: silentLogger, file })
  t.after(async () => {
    await catalog[Symbol.asyncDispose]()
    await store.close()
  })
  return catalog
}
