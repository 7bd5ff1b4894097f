import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { testSession, testTunnel } from '../../control/operations.fixture.ts'
import { createApiRig, type ApiRigOptions, type AskInit } from './api.fixture.ts'

const admin = { role: 'admin' } as const
const [ada, bob, carol] = ['ada', 'bob', 'carol'].map((name) =>
  testSession(`s-${name}`, `${name}@example.com`),
)
const routes = {
  db: { id: 'r-db', name: 'db', namespace: 'databases' },
  web: { id: 'r-web', name: 'web', namespace: 'sites' },
  ssh: { id: 'r-ssh', name: 'ssh', namespace: undefined },
}

/** What these tests read of an answer; the endpoint's schema has been held against it. */
interface Answered {
  readonly status: number
  readonly error: string
  readonly items: readonly { readonly id: string; readonly current?: boolean }[]
  readonly total: number
  readonly next_cursor: string | null
  readonly cut: readonly string[]
  readonly revoked: readonly string[]
}

function rigOf(options: ApiRigOptions = {}) {
  const sessions = [ada, bob, carol].filter((it) => it !== undefined)
  const tunnels = [
    testTunnel('t1', ada, routes.db),
    testTunnel('t2', bob, routes.web),
    testTunnel('t3', bob, routes.ssh),
    testTunnel('t4', carol, routes.db),
  ]
  const rig = createApiRig({ role: admin, sessions, tunnels, ...options })
  const json = async (method: string, path: string, init?: AskInit): Promise<Answered> => {
    const answer = await rig.ask(method, path, init)
    return { ...((await answer.json()) as Answered), status: answer.status }
  }
  const idsOf = async (path: string, init?: AskInit): Promise<readonly string[]> =>
    (await json('GET', path, init)).items.map(({ id }) => id)
  return { ...rig, json, idsOf }
}

describe('tunnels', () => {
  test('are listed with whose they are, a page at a time, and found by any of it', async () => {
    const { json, idsOf } = rigOf()
    const first = await json('GET', '/tunnels?limit=3')
    assert.deepEqual([first.items.length, first.total], [3, 4])
    assert.deepEqual(await idsOf(`/tunnels?limit=3&cursor=${first.next_cursor}`), ['t4'])
    assert.deepEqual(await idsOf('/tunnels?q=BOB'), ['t2', 't3'])
    assert.deepEqual(await idsOf('/tunnels?route_id=r-db'), ['t1', 't4'])
    assert.deepEqual(await idsOf('/tunnels?session_id=s-ada'), ['t1'])
    assert.deepEqual(await idsOf('/tunnels?user=Carol%40example.com'), ['t4'])
  })

  test('one is cut by its id, and those of somebody together, each recorded with who asked', async () => {
    const { json, happened, kept } = rigOf()
    assert.deepEqual((await json('DELETE', '/tunnels/t1')).cut, ['t1'])
    assert.equal((await json('DELETE', '/tunnels/t1')).error, 'tunnel_not_found')
    const cut = await json('POST', '/tunnels/cut', { body: { user: 'bob@example.com' } })
    assert.deepEqual(cut.cut, ['t2', 't3'])
    assert.deepEqual(
      happened.filter((it) => it.startsWith('cut')),
      ['cut t1 cut-by-operator', 'cut t2 cut-by-operator', 'cut t3 cut-by-operator'],
    )
    const entries = (await kept()).map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.deepEqual(
      entries.map((entry) => [entry['event'], entry['by-email'], entry['request-id']]),
      [
        ['tunnels cut', 'ada@example.com', 'r1'],
        ['tunnels cut', 'ada@example.com', 'r1'],
      ],
    )
  })

  test('who administers a namespace sees and cuts those of its routes, and is not told of others', async () => {
    const { json, idsOf, ask, happened } = rigOf({
      roles: { 'user-of-s-bob': { role: 'admin', namespaces: ['databases'] } },
    })
    const as = { as: 'bob' } as const
    assert.deepEqual(await idsOf('/tunnels', as), ['t1', 't4'])
    assert.equal((await json('GET', '/tunnels', as)).total, 2)
    const csv = await (await ask('GET', '/tunnels.csv', as)).text()
    assert.deepEqual(csv.match(/^t\d/gm), ['t1', 't4'])
    assert.equal((await json('DELETE', '/tunnels/t2', as)).error, 'tunnel_not_found')
    const cut = (body: object) => json('POST', '/tunnels/cut', { ...as, body })
    assert.deepEqual((await cut({ route_id: 'r-web' })).cut, [])
    assert.deepEqual((await cut({ user: 'bob@example.com' })).cut, [])
    assert.deepEqual((await cut({ session_id: 's-carol' })).cut, ['t4'])
    assert.deepEqual((await json('DELETE', '/tunnels/t1', as)).cut, ['t1'])
    assert.ok(!happened.some((it) => /cut t[23]/.test(it)))
    for (const path of ['/sessions', '/connectors', '/service-accounts', '/token-keys'])
      assert.equal((await ask('GET', path, as)).status, 403, path)
  })
})

describe('sessions', () => {
  test('are listed a page at a time, and found by what is in their names', async () => {
    const { json, idsOf } = rigOf()
    const first = await json('GET', '/sessions?limit=2')
    assert.deepEqual([first.items.length, first.total], [2, 3])
    const second = await json('GET', `/sessions?limit=2&cursor=${first.next_cursor}`)
    assert.deepEqual([second.items[0]?.id, second.next_cursor], ['s-carol', null])
    assert.deepEqual(await idsOf('/sessions?q=bob'), ['s-bob'])
  })

  test('are answered as CSV whole, however many there are', async () => {
    const many = Array.from({ length: 1_203 }, (_, index) =>
      testSession(`s${index}`, `=${index}@b.c`),
    )
    const { ask } = rigOf({ sessions: many })
    const lines = (await (await ask('GET', '/sessions.csv')).text()).trimEnd().split('\r\n')
    assert.equal(lines.length, 1_204)
    assert.match(lines[1] ?? '', /^s0,user-of-s0,'=0@b\.c,/)
    assert.equal(new Set(lines).size, lines.length)
  })

  test('end by their id, or all of a person', async () => {
    const { json, happened } = rigOf()
    assert.deepEqual((await json('DELETE', '/sessions/s-carol')).revoked, ['s-carol'])
    assert.deepEqual((await json('DELETE', '/sessions?user=bob%40example.com')).revoked, ['s-bob'])
    assert.equal((await json('DELETE', '/sessions/s-carol')).error, 'session_not_found')
    assert.equal((await json('DELETE', '/sessions')).error, 'malformed_request')
    assert.ok(!happened.includes('ended s-ada'))
  })

  test("everybody sees and ends their own, and nobody's else", async () => {
    const { json, happened } = rigOf({ role: undefined })
    const { items } = await json('GET', '/my/sessions')
    assert.deepEqual(
      items.map(({ id, current }) => [id, current]),
      [['s-ada', true]],
    )
    assert.equal((await json('DELETE', '/my/sessions/s-bob')).error, 'session_not_found')
    assert.ok(!happened.includes('ended s-bob'))
    assert.deepEqual((await json('DELETE', '/my/sessions/s-ada')).revoked, ['s-ada'])
    assert.equal((await json('GET', '/sessions')).error, 'role_required')
  })
})
