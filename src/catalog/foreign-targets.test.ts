import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildRoute } from '../routes/open-route.ts'
import { parseRoute } from '../routes/parse-route.ts'
import { threadMs } from '../thread-time.fixture.ts'
import type { PlannedWrite } from './catalog.ts'
import { refuseForeignTargets } from './foreign-targets.ts'
import type { HeldRoute, Holding } from './holding.ts'

function held(id: string, host: string, namespace?: string): HeldRoute {
  const plain = { id, from: `tcp+https://${host}`, to: 'tcp://10.0.0.1:22', policy: [] }
  const { checked } = parseRoute(plain, { clientCertificates: 'none' })
  assert.ok(checked)
  const document = { kind: 'route', id, revision: 1, body: plain, isDisabled: false } as const
  return {
    id,
    source: { kind: 'store', document: { ...document, tags: [], updatedAtMs: 0, updatedBy: '' } },
    definition: plain,
    isDisabled: false,
    namespace,
    faults: [],
    warnings: [],
    route: buildRoute(checked),
    policyNames: [],
  }
}

function refusal(own: readonly HeldRoute[], others: readonly HeldRoute[]): string {
  const after: Holding = {
    routes: [],
    heldRoutes: [...others, ...own],
    heldPolicies: [],
    revision: 1,
  }
  const planned = own.map(({ id }): PlannedWrite => ({
    kind: 'route',
    id,
    change: 'created',
    expected: undefined,
    form: undefined,
    isJudged: true,
  }))
  try {
    refuseForeignTargets(planned, after)
    return ''
  } catch (error) {
    return String(error)
  }
}

test('what overlaps is found among names and wildcards, of either side', () => {
  const others = [held('name', 'db.example.com:22'), held('wild', '*.prod.example.com:22', 'web')]
  const refused = ['db.example.com', '*.example.com:22', 'a.prod.example.com:22', 'a.*.com:22']
  for (const host of refused)
    assert.match(refusal([held('own', host, 'data')], others), /route "own": from: .*of others/)
  for (const host of ['db.example.com:23', 'prod.example.com:22', '*.test.example.com'])
    assert.equal(refusal([held('own', host, 'data')], others), '')
  assert.equal(refusal([held('own', 'a.prod.example.com:22', 'web')], others), '')
})

test('hundreds that are written at once beside thousands hold up nobody for long', () => {
  const name = (index: number): string => `host-${index}.some.where.example.com:22`
  const others = Array.from({ length: 3_000 }, (_, at) => held(`o${at}`, name(at)))
  const own = Array.from({ length: 300 }, (_, at) => held(`m${at}`, `x${name(at)}`, 'data'))
  const wild = Array.from({ length: 100 }, (_, at) =>
    held(`w${at}`, `*.w${at}.example.com`, 'data'),
  )
  const begunMs = threadMs()
  assert.equal(refusal([...own, ...wild], others), '')
  const tookMs = threadMs() - begunMs
  assert.ok(tookMs < 3_000, `${tookMs} ms`)
})
