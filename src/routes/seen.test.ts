import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Decision } from '../policy/decision.ts'
import { testRoute } from '../gateway/gateway.fixture.ts'
import { seeRoutes } from './seen.ts'

const [open, shut, listed] = [
  testRoute('tcp+https://open.example.com:7', [1]),
  testRoute('tcp+https://shut.example.com:7', [1], []),
  testRoute('tcp+https://listed.example.com:7', [1], [], { isListed: true }),
]
const gateway = 'https://gate.example.com'

/** Allows the first route alone; a deny rule is what stands against the third. */
function decide(route: { readonly name: string }): Decision {
  const outcome = route === open ? 'allow' : 'deny'
  const allow = { value: route !== shut, reasons: ['email-ok'] }
  const deny = { value: route === listed, reasons: ['date-ok'] }
  return { outcome, allow, deny, validUntilMs: undefined }
}

describe('what somebody sees of the routes', () => {
  test('is what they may use and what is listed; nothing else exists for them', () => {
    const seen = seeRoutes([listed, shut, open], decide, { gateway, isSignedIn: true })
    assert.deepEqual(
      [seen.usable.map(({ route }) => route.name), seen.listed],
      [['open.example.com:7'], [{ route: listed, reasons: ['date-ok'] }]],
    )
  })

  test('is also what they know of by themselves, and nobody else does', () => {
    const options = { gateway, isSignedIn: true }
    const isKnown = (route: { readonly name: string }): boolean => route === shut
    const seen = seeRoutes([shut, open], decide, { ...options, isKnown })
    assert.deepEqual(seen.listed, [{ route: shut, reasons: ['email-ok'] }])
    assert.deepEqual(seeRoutes([shut, open], decide, options).listed, [])
  })

  test('has commands for what may be used, and no others', () => {
    const seen = seeRoutes([open, listed], decide, { gateway, isSignedIn: true })
    assert.deepEqual([seen.usable.length, seen.usable[0]?.ways.length], [1, 1])
    assert.ok(seen.listed.every((route) => !('ways' in route)))
  })

  test('says of what may be used whether its connector is there', () => {
    const options = { gateway, isSignedIn: true }
    const isOffline = (route: { readonly name: string }): boolean => route === open
    const [here] = seeRoutes([open], decide, options).usable
    const [away] = seeRoutes([open], decide, { ...options, isOffline }).usable
    assert.deepEqual([here?.isOffline, away?.isOffline], [false, true])
  })

  test('tells a stranger no reason', () => {
    const seen = seeRoutes([open, listed], decide, { gateway, isSignedIn: false })
    assert.deepEqual(seen.listed, [{ route: listed, reasons: [] }])
  })

  test('suggests a local port once, and the same for the others when one comes or goes', () => {
    const of = (...names: string[]): Map<string, string> => {
      const routes = names.map((name) => testRoute(`tcp+https://${name}.example.com:5432`, [1]))
      const applications = names.map((name) =>
        testRoute(`tcp+https://${name}.site.com:443`, [5432], undefined, { isApplication: true }),
      )
      const all = [...routes, ...applications]
      const allowed = { ...decide(open), outcome: 'allow' } as const
      const { usable } = seeRoutes(all, () => allowed, { gateway, isSignedIn: true })
      return new Map(
        usable.map(({ route, ways: [way] }) => [
          route.name,
          /(?:127\.0\.0\.1|localhost):(\d+)/.exec(way?.commands[0]?.command ?? '')?.[1] ?? '',
        ]),
      )
    }
    const before = of('a', 'b', 'c')
    assert.equal(before.get('a.example.com:5432'), '15432')
    assert.equal(new Set(before.values()).size, 6)
    const after = of('a', 'new', 'b', 'c')
    assert.deepEqual(
      [...before].filter(([name, port]) => after.get(name) !== port),
      [],
    )
    assert.deepEqual([...after.keys()].length, 8)
    // With the first gone the next one is familiar, and nothing else moves.
    const moved = [...of('b', 'c')].filter(([name, port]) => before.get(name) !== port)
    assert.deepEqual(moved, [['b.example.com:5432', '15432']])
  })
})
