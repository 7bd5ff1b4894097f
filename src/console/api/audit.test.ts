import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditSearchParts } from '../../control/audit.ts'
import type { AuditIndexRow, AuditSearch } from '../../store/audit-index-store.ts'
import { indexRowOf } from '../../store/audit-index-store.suite.ts'
import type { AuditPage } from '../wire/audit.ts'
import { createApiRig } from './api.fixture.ts'

test('records come in pages, newest first, each with all that was kept', async () => {
  const { ask } = createApiRig({ role: { role: 'auditor' }, auditSearch: searchOf(5) })
  const first = await pageOf(await ask('GET', '/audit?limit=2'))
  assert.deepEqual(
    first.items.map(({ seq }) => seq),
    [5, 4],
  )
  assert.deepEqual(first.items[0], {
    series: 'decisions',
    seq: 5,
    time: '2026-08-20T00:00:05.000Z',
    kind: 'decision',
    event: 'authorize check',
    who: 'alice@example.com',
    ip: '192.0.2.1',
    route: 'db',
    route_id: 'r-1',
    request_id: 'q-5',
    outcome: 'allowed',
    record: { time: 'x', kind: 'decision', event: 'authorize check', seq: 5 },
  })
  const second = await pageOf(await ask('GET', `/audit?limit=2&cursor=${first.next_cursor}`))
  const third = await pageOf(await ask('GET', `/audit?limit=2&cursor=${second.next_cursor}`))
  assert.deepEqual(
    [...second.items, ...third.items].map(({ seq }) => seq),
    [3, 2, 1],
  )
  assert.deepEqual([third.next_cursor, third.is_complete], [null, true])
})

test('what is asked for goes to the index as it was asked', async () => {
  const asked: AuditSearch[] = []
  const { ask } = createApiRig({
    role: { role: 'auditor' },
    auditSearch: { ...searchOf(0), search: (it) => (asked.push(it), Promise.resolve([])) },
  })
  const query = 'since=2026-08-20T00:00:00Z&kind=decision&outcome=refused&who=bob&route=db&q=50%25'
  assert.equal((await ask('GET', `/audit?${query}`)).status, 200)
  const { sinceMs, kind, outcome, who, route, text } = asked[0] ?? {}
  assert.deepEqual(
    [sinceMs, kind, outcome, who, route, text],
    [Date.UTC(2026, 7, 20), 'decision', 'refused', 'bob', 'db', '50%'],
  )
  for (const wrong of [
    'kind=x',
    'since=yesterday',
    'limit=501',
    'cursor=abc',
    'cursor=WzEsInh4Il0',
    'nothing=1',
  ])
    assert.equal((await ask('GET', `/audit?${wrong}`)).status, 400, wrong)
})

test('an export has all that fits, and no cell that a spreadsheet would compute', async () => {
  const auditSearch = searchOf(1_200, { event: '=1+1' })
  const { ask } = createApiRig({ role: { role: 'auditor' }, auditSearch })
  const csv = await ask('GET', '/audit.csv?kind=decision')
  assert.match(csv.headers.get('content-disposition') ?? '', /audit\.csv/)
  const lines = (await csv.text()).trimEnd().split('\r\n')
  assert.equal(lines.length, 1_201)
  assert.match(
    lines[1] ?? '',
    /^2026-08-20T00:20:00.000Z,decision,'=1\+1,allowed,alice@example.com,/,
  )
  const jsonl = await ask('GET', '/audit.jsonl')
  const records = (await jsonl.text()).trimEnd().split('\n')
  assert.deepEqual([records.length, JSON.parse(records[0] ?? '').seq], [1_200, 1_200])
})

test('the audit log is for those who may see everything', async () => {
  const { ask } = createApiRig({ auditSearch: searchOf(1) })
  for (const path of ['/audit', '/audit.csv', '/audit.jsonl', '/audit/checkpoint'])
    assert.equal((await ask('GET', path)).status, 403, path)
  const { ask: ofNamespace } = createApiRig({ role: { role: 'admin', namespaces: ['a'] } })
  assert.equal((await ofNamespace('GET', '/audit')).status, 403)
})

test('a checkpoint is answered with the keys that it is checked by', async () => {
  const { ask } = createApiRig({ role: { role: 'auditor' } })
  const answer = await ask('GET', '/audit/checkpoint')
  assert.deepEqual(await answer.json(), { note: null, time: null, series: [], keys: [] })
})

function searchOf(count: number, more: Partial<AuditIndexRow> = {}): AuditSearchParts {
  const rows = Array.from({ length: count }, (_, at) => indexRowOf(count - at, more))
  return {
    search: ({ after }, maxRows) => {
      const from = after === undefined ? 0 : count - after.seq + 1
      return Promise.resolve(rows.slice(from, from + maxRows))
    },
    caughtUp: () => Promise.resolve(),
    isComplete: () => true,
    read: (of) =>
      Promise.resolve(
        of.map(({ kind, event, seq }) => ({ time: 'x', kind: kind as 'decision', event, seq })),
      ),
  }
}

async function pageOf(response: Response): Promise<AuditPage> {
  assert.equal(response.status, 200)
  return (await response.json()) as AuditPage
}
