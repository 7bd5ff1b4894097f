import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyFile } from '../catalog/catalog.fixture.ts'
import { openCatalog } from '../catalog/catalog.ts'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger } from '../log.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { localActor } from './change.ts'
import { createTestOperations } from './operations.fixture.ts'

const oddTexts = [
  ...'yes null ~ 1e3 012 2001-01-01 1:30 .nan << = | > % @at ` &a *a !t --- ... : - [a {a'.split(
    ' ',
  ),
  '# no',
  'a: b',
  '- a',
  '? a',
  "it's",
  '"q"',
  'ü🦀',
  ' b ',
  'x'.repeat(60),
]
/** Texts that YAML reads as something else where nobody takes care, and any others of one line. */
const line = fc
  .oneof(fc.constantFrom(...oddTexts), fc.string({ minLength: 1, maxLength: 20 }))
  .filter((text) => text.trim() !== '' && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text))
const rule = fc.oneof(
  fc.constant({ accept: true }),
  fc.constant({ 'claim/a b': 'c' }),
  fc.record({ groups: fc.record({ has: line }) }),
  fc.record({ source_ip: fc.constantFrom('10.0.0.0/8', '::1') }),
  fc.record({ email: fc.record({ is: fc.constantFrom("o'x@example.com", '1@example.com') }) }),
)
const ways = ['tcp://[::1]:5', ['tcp://10.0.0.1:1', 'tcp://10.0.0.2:1'], ['tcp://a:1,3']]
const routeOf = (n: number) =>
  fc.record(
    {
      id: fc.constantFrom(`r-${n}`, `${n}`, `0${n}`, `1e${n}`),
      from: fc.constantFrom(`tcp+https://s${n}.example.com:22`, `tcp+https://*.w${n}.example.com`),
      to: fc.constantFrom(...ways),
      name: line,
      description: line,
      contact: line,
      tags: fc.array(line, { maxLength: 3 }),
      disabled: fc.boolean(),
      policy: fc.record({ allow: fc.record({ or: fc.array(rule, { minLength: 1 }) }) }),
      policy_names: fc.constant(['staff']),
      idle_timeout: fc.constantFrom('0', '90s', '1h30m'),
    },
    { requiredKeys: ['id', 'from', 'to', 'policy'] },
  )

test('what is exported says what is kept, so that applying it again changes nothing', async (t) => {
  const store = await openSqliteStore(':memory:')
  const file = { ...emptyFile, identityProviders: [{ id: 'default' }] }
  const clock = createFakeClock()
  const catalog = await openCatalog({ store, clock, logger: silentLogger, file })
  t.after(async () => {
    await catalog[Symbol.asyncDispose]()
    await store.close()
  })
  const { operations: o } = createTestOperations({
    catalog,
    roleOf: () => ({ role: 'admin' }),
  })
  const routes = fc.tuple(routeOf(1), routeOf(2), routeOf(3))
  await fc.assert(
    fc.asyncProperty(routes, line, rule, async (list, explanation, who) => {
      const staff = { name: 'staff', explanation, policy: [{ allow: { or: [who] } }] }
      const text = JSON.stringify({ policies: [staff], routes: list })
      await o.importAccess(localActor, { text, prune: true })
      const exported = await o.exportAccess(localActor)
      const again = await o.importAccess(localActor, { text: exported.text, prune: true })
      assert.deepEqual([again.changes, again.unchanged], [[], 4], exported.text)
    }),
    { numRuns: 40 },
  )
})
