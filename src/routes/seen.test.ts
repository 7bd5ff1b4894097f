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
    const seen = seeRoutes([open, shut, listed], decide, { gateway, isSignedIn: true })
    assert.deepEqual(
      seen.map(({ route, isUsable, reasons }) => [route.name, isUsable, reasons]),
      [
        ['open.example.com:7', true, []],
        ['listed.example.com:7', false, ['date-ok']],
      ],
    )
  })

  test('has no command for what may not be used', () => {
    const [first, second] = seeRoutes([open, listed], decide, { gateway, isSignedIn: true })
    assert.equal(first?.ways.length, 1)
    assert.deepEqual(second?.ways, [])
  })

  test('tells a stranger no reason', () => {
    const [, second] = seeRoutes([open, listed], decide, { gateway, isSignedIn: false })
    assert.deepEqual(second?.reasons, [])
  })
})
