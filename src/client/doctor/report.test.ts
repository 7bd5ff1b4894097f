import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DoctorCheck } from './options.ts'
import { formatReport, type ReportFacts } from './report.ts'

const facts: ReportFacts = {
  nowMs: Date.parse('2026-11-29T12:00:00Z'),
  program: '1.0.0, node 26.10.0, linux x64',
  gateway: 'https://gateway.example.com',
  destination: 'db:5432',
  settings: ['HTTPS_PROXY', '--ca-file'],
  home: '/home/ada',
  secrets: ['aa.token1.bb', 's3cret'],
}

const check = (detail: string, more: Partial<DoctorCheck> = {}): DoctorCheck => ({
  what: 'gateway',
  target: '',
  verdict: 'failed',
  detail,
  ms: 12,
  ...more,
})

test('a report says what was tried, with what, and where it fails', () => {
  const text = formatReport(
    [
      check('IPv4 192.0.2.7', { what: 'dns', target: 'gateway.example.com', verdict: 'ok' }),
      check('it is no gateway', { hint: 'check the port', code: 'not-a-gateway' }),
      check('', { what: 'policy', verdict: 'not-tried', ms: 0 }),
    ],
    facts,
  )
  assert.equal(
    text,
    `Report of "postern doctor"

made:        2026-11-29T12:00:00.000Z
postern:     1.0.0, node 26.10.0, linux x64
gateway:     https://gateway.example.com
destination: db:5432
settings:    HTTPS_PROXY, --ca-file
outcome:     fails at gateway

ok         dns             12 ms  gateway.example.com: IPv4 192.0.2.7
FAILED     gateway         12 ms  it is no gateway
  hint: check the port
  code: not-a-gateway
not tried  policy
`,
  )
})

test('whatever a peer wrote, no secret is in it', () => {
  const jwt = ['eyJhbGciOiJFUzI1NiJ9', 'eyJzdWIiOiJhZGEifQaa', 'c2lnbmF0dXJlLW9mLWl0'].join('.')
  for (const [said, secret] of [
    ['it echoes aa.token1.bb back', 'token1'],
    ['password s3cret is wrong', 's3cret'],
    [`your token ${jwt} is old`, 'eyJ'],
    ['http://ada:pa55@proxy:3128 says no', 'pa55'],
    ['Authorization: Pomerium abcdefgh', 'abcdefgh'],
    ['Set-Cookie: _pomerium=deadbeef; Secure', 'deadbeef'],
    ['got "Basic YWRhOnBhNTU=" from you', 'YWRhOnBh'],
    ['/home/ada/ca.pem cannot be read', '/home/ada'],
  ] as const) {
    const text = formatReport([check(said, { hint: said })], facts)
    assert.ok(!text.includes(secret), text)
    assert.match(text, /\[removed\]|~\/ca\.pem/)
  }
})

test('what a peer wrote stays on its line, and moves no cursor', () => {
  const text = formatReport([check('a\nok  service  b\u001b[2J\u202e')], facts)
  assert.equal(text.split('\n').filter((line) => line.startsWith('ok')).length, 0)
  for (const one of ['\u001b', '\u202e']) assert.ok(!text.includes(one))
})
