import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Role } from '../../access/administrators.ts'
import { testSession } from '../../control/operations.fixture.ts'
import { testRoute } from '../../gateway/gateway.fixture.ts'
import type { TryAnswer, WhatCanAnswer, WhoCanAnswer } from '../wire/try-access.ts'
import { createApiRig } from './api.fixture.ts'

const policy = {
  allow: { and: [{ email: { in: ['ada@example.com', 'bob@example.com'] } }, { 'claim/level': 7 }] },
}
const options = { id: 'db', name: 'db' }
const routes = [
  testRoute('tcp+https://db.example.com:5432', [1], policy, options),
  testRoute('tcp+https://lab.example.com:22', [1], policy, { id: 'lab', namespace: 'lab' }),
  testRoute('tcp+https://twin.example.com:1', [1], policy, { id: 'one', name: 'twin' }),
  testRoute('tcp+https://twin.example.com:2', [1], policy, { id: 'two', name: 'twin' }),
]

function rig(role: Role | undefined = { role: 'auditor' }) {
  const ada = { ...testSession('s9', 'ada@example.com'), claims: { level: 7 } }
  return createApiRig({ role, routes, sessions: [ada], accounts: ['backup'] })
}

describe('the API of trials', () => {
  test('an auditor tries access, and reads the trace', async () => {
    const { ask } = rig()
    const answer = await ask('POST', '/try', { body: { person: 'ada@example.com', route: 'db' } })
    assert.equal(answer.status, 200)
    const { outcome, trace, who } = (await answer.json()) as TryAnswer
    assert.deepEqual([outcome, who.user_id], ['allow', 'user-of-s9'])
    assert.deepEqual(
      trace.allow.rules[0]?.operators[0]?.criteria.map(({ criterion, asks }) => [criterion, asks]),
      [
        ['email', { in: ['ada@example.com', 'bob@example.com'] }],
        ['claim/level', 7],
      ],
    )
  })

  test('lists of who may use what come in pages', async () => {
    const { ask } = rig()
    const who = await ask('GET', `/who-can/${encodeURIComponent('db.example.com:5432')}?limit=1`)
    const { items, total, next_cursor } = (await who.json()) as WhoCanAnswer
    assert.deepEqual(
      [items.map((it) => it.who), total, next_cursor],
      [['ada@example.com'], 2, null],
    )
    const what = await ask('GET', '/what-can/ada%40example.com?limit=2')
    const page = (await what.json()) as WhatCanAnswer
    assert.deepEqual(
      page.items.map(({ route }) => route.id),
      ['db', 'lab'],
    )
    const more = await ask(
      'GET',
      `/what-can/ada%40example.com?limit=2&cursor=${encodeURIComponent(page.next_cursor ?? '')}`,
    )
    assert.deepEqual(
      ((await more.json()) as WhatCanAnswer).items.map(({ route }) => route.id),
      ['one', 'two'],
    )
  })

  test('a route that is not there is 404, a name of several 409, nonsense 400', async () => {
    const { ask } = rig()
    const statusOf = async (body: object) => (await ask('POST', '/try', { body })).status
    assert.equal(await statusOf({ route: 'absent' }), 404)
    assert.equal(await statusOf({ route: 'twin' }), 409)
    assert.equal(await statusOf({ route: 'db', ip: 'x' }), 400)
    assert.equal((await ask('GET', '/who-can/db?ip=x')).status, 400)
  })

  test('it is for administrators: others learn nothing, also not whether a route is there', async () => {
    const none = createApiRig({ routes })
    for (const path of ['/who-can/db', '/who-can/absent', '/what-can/ada']) {
      assert.equal((await none.ask('GET', path)).status, 403)
      assert.equal((await none.ask('GET', path, { as: 'nobody' })).status, 401)
    }
    const { ask } = rig({ role: 'admin', namespaces: ['lab'] })
    assert.equal((await ask('POST', '/try', { body: { route: 'lab' } })).status, 200)
    for (const route of ['db', 'absent'])
      assert.equal((await ask('POST', '/try', { body: { route } })).status, 404)
    assert.equal((await ask('GET', '/who-can/lab')).status, 403)
    assert.equal((await ask('GET', '/what-can/ada')).status, 403)
  })
})
