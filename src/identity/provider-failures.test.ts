import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuthorizationResponseError } from 'openid-client'
import { AccessError } from '../errors.ts'
import { createFakeClock } from '../fake-clock.ts'
import type { LogFields } from '../log.ts'
import { silentLogger } from '../log.ts'
import { toAccessError, withoutSecrets } from './provider-errors.ts'
import { createProviderFailures, type ProviderKeys } from './provider-failures.ts'

const keys: Readonly<Record<string, ProviderKeys>> = {
  default: { keyPrefix: 'idp_', clientSecretKey: 'IDP_CLIENT_SECRET_FILE' },
  partner: { keyPrefix: 'identity_providers.partner.' },
}

function setUp() {
  const clock = createFakeClock(0)
  const lines: LogFields[] = []
  const counted: string[] = []
  const error = (message: string, fields: LogFields = {}): void =>
    void lines.push({ message, ...fields })
  const failures = createProviderFailures(
    { ...silentLogger, error },
    clock,
    (code, provider) => counted.push(`${provider} ${code}`),
    (id) => keys[id],
  )
  return { clock, lines, counted, failures }
}

const unavailable = new AccessError('provider-unavailable', 'no answer in time')

function refusal(error: string, words = ''): AccessError {
  const cause = new URLSearchParams({ error, error_description: words })
  return toAccessError(new AuthorizationResponseError('refused', { cause }))
}

test('a failure is one line with its reason, the words and what to check', () => {
  const { lines, counted, failures } = setUp()
  failures.report(unavailable, 'default', { 'request-id': 'r1' })
  failures.report(refusal('invalid_client', 'secret mismatch'), 'default', {})
  assert.equal(lines[0]?.['request-id'], 'r1')
  assert.equal(lines[0]?.['error'], 'no answer in time')
  assert.match(String(lines[1]?.['error']), /"invalid_client": "secret mismatch"/)
  assert.deepEqual(counted, ['default provider-unavailable', 'default provider-refused'])
  failures.report(refusal('invalid_client'), 'partner', {})
  assert.deepEqual(
    lines.slice(1).map(({ hint }) => hint),
    [
      'check "idp_client_id" and "IDP_CLIENT_SECRET_FILE" against what the provider shows',
      'check "identity_providers.partner.client_id" and "identity_providers.partner.client_secret" against what the provider shows',
    ],
  )
})

test('what a person or a made-up code brings about is no failure of the provider', () => {
  const { lines, counted, failures } = setUp()
  for (const error of ['access_denied', 'login_required', 'consent_required', 'invalid_grant'])
    failures.report(refusal(error), 'default', {})
  failures.report(new AccessError('sign-in-state-mismatch', 'not begun here'), 'default', {})
  failures.report(new AccessError('another-person', 'somebody else'), 'default', {})
  failures.report(new Error('a fault of our own'), 'default', {})
  assert.deepEqual([lines, counted], [[], []])
})

test('what is said of a provider that is no longer configured is counted for none', () => {
  const { lines, counted, failures } = setUp()
  failures.report(unavailable, 'former', {})
  assert.equal(lines[0]?.['provider'], 'former')
  assert.deepEqual(counted, [])
})

test('lines are bounded for each kind of failure, and the rest is counted in one', () => {
  const { clock, lines, counted, failures } = setUp()
  for (let count = 0; count < 1000; count += 1)
    failures.report(refusal('server_error'), 'default', {})
  failures.report(unavailable, 'default', {})
  assert.equal(lines.length, 6)
  assert.equal(lines[5]?.['reason'], 'provider-unavailable')
  clock.advance(60_000)
  assert.equal(lines.length, 7)
  assert.deepEqual(
    [lines[6]?.['reason'], lines[6]?.['failures'], counted.length],
    ['provider-refused', 995, 1001],
  )
  failures.report(refusal('server_error'), 'default', {})
  assert.equal(lines.length, 8)
})

test("the provider's words are shown without what it was sent, in any form", () => {
  const error = new AccessError('provider-refused', 'wrong: "s& cret" (s%26%20cret, s%26+cret)', {
    hint: 'h',
  })
  const shown = withoutSecrets(error, ['', 's& cret', 's&'])
  assert.deepEqual(
    [shown.code, shown.message, shown.hint],
    ['provider-refused', 'wrong: "[redacted]" ([redacted], [redacted])', 'h'],
  )
  assert.equal(withoutSecrets(error, ['another']), error)
})
