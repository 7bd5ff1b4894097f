import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { testSession } from '../../control/operations.fixture.ts'
import { openAccounts } from '../../identity/local-accounts.fixture.ts'
import { createApiRig } from './api.fixture.ts'

const ada = testSession('s-ada', 'ada@example.com')
const eve = 'eve@example.com'

interface Answered {
  readonly error?: string
  readonly id: string
  readonly url?: string
  readonly items: readonly { readonly email: string; readonly state: string }[]
  readonly total: number
}

async function openRig(t: TestContext, role: 'admin' | 'auditor' = 'admin') {
  const accounts = await openAccounts(t)
  const { local, clock } = accounts
  const rig = createApiRig({ role: { role }, sessions: [ada], localAccounts: local, clock })
  const ask = async (method: string, path: string, body?: object) => {
    const answer = await rig.ask(method, path, body === undefined ? {} : { body })
    return [answer.status, (await answer.json()) as Answered] as const
  }
  return { ...accounts, ask }
}

test('accounts are invited, listed, changed and removed', async (t) => {
  const { ask, accept } = await openRig(t)
  const [status, { url = '', id }] = await ask('POST', '/accounts', { email: eve, groups: ['ops'] })
  assert.equal(status, 201)
  assert.equal((await ask('POST', '/accounts/groups', { who: id, groups: [] }))[0], 200)
  await accept(new URL(url).searchParams.get('code') ?? '')
  assert.equal((await ask('POST', '/accounts', { email: eve }))[0], 409)
  for (const [change, state] of [
    ['disable', 'disabled'],
    ['enable', 'active'],
  ] as const) {
    assert.equal((await ask('POST', `/accounts/${change}`, { who: eve }))[0], 200)
    const [, { items, total }] = await ask('GET', '/accounts?q=EVE')
    assert.deepEqual([items.map((it) => it.state), total], [[state], 1])
  }
  const [, reset] = await ask('POST', '/accounts/reset', { who: eve })
  assert.match(reset.url ?? '', /invitation/)
  assert.equal((await ask('POST', '/accounts/remove', { who: eve }))[0], 200)
  const [gone, { error }] = await ask('POST', '/accounts/remove', { who: eve })
  assert.deepEqual([gone, error], [404, 'account_not_found'])
})

test('an auditor sees accounts and invites nobody', async (t) => {
  const { ask, invite } = await openRig(t, 'auditor')
  await invite()
  const [status, { items }] = await ask('GET', '/accounts')
  assert.deepEqual([status, items.map((it) => it.email)], [200, ['alice@example.com']])
  assert.equal((await ask('POST', '/accounts', { email: eve }))[0], 403)
  assert.equal((await ask('POST', '/accounts/reset', { who: 'alice@example.com' }))[0], 403)
})

test('a gateway without accounts of its own says so', async () => {
  const { ask } = createApiRig({ role: { role: 'admin' }, sessions: [ada] })
  const answer = await ask('GET', '/accounts')
  assert.equal(answer.status, 409)
  assert.match(await answer.text(), /local_accounts: true/)
})
