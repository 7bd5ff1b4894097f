import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { LoggedRequest } from './access-fields.ts'
import { accessLogFieldNames, isAccessLogField } from './access-fields.ts'
import { createAccessLog } from './access-log.ts'
import type { AccessLogOptions } from './access-log.ts'
import { collectLog, fixedClock } from './log.fixture.ts'

const request: LoggedRequest = {
  requestId: '0b0a',
  method: 'CONNECT',
  authority: 'ssh.example.com:22',
  path: '',
  userAgent: 'Go-http-client/1.1',
  forwardedFor: '203.0.113.9',
  ip: '192.0.2.7',
  headers: { 'x-team': 'red', authorization: 'Pomerium s3cr3t', cookie: 's3cr3t' },
}

test('a finished tunnel has the reference fields in order, then ours', () => {
  const { entry, lines, advance } = setup()
  entry.route({ id: '5b0d3f6a9c1e2d47', name: 'ssh' })
  entry.session({ kind: 'person', id: 's1', userId: 'u1', email: 'alice@example.com' })
  entry.reasons(['email-ok'])
  advance(1_834)
  entry.end({
    responseCode: 200,
    details: 'via_upstream',
    ended: 'client-closed',
    bytesUp: 9,
    bytesDown: 4_211,
  })
  assert.deepEqual(lines, [
    '{"level":"info","service":"access","upstream-cluster":"ssh-5b0d3f6a9c1e2d47",' +
      '"method":"CONNECT","authority":"ssh.example.com:22","path":"",' +
      '"user-agent":"Go-http-client/1.1","referer":"","forwarded-for":"203.0.113.9",' +
      '"request-id":"0b0a","duration":1834,"size":4211,"response-code":200,' +
      '"response-code-details":"via_upstream","ip":"192.0.2.7","user":"u1",' +
      '"email":"alice@example.com","session-id":"s1","route":"ssh","route-id":"5b0d3f6a9c1e2d47",' +
      '"bytes-up":9,"bytes-down":4211,"ended":"client-closed","reasons":["email-ok"],' +
      '"time":"2026-08-20T10:00:02.000Z","message":"http-request"}\n',
  ])
})

test('a service account is named by its id, and by nothing that is for people', () => {
  const { entry, lines } = setup()
  const id = 'service-account:backup:hash'
  entry.session({ kind: 'service-account', id, userId: 'backup', email: undefined })
  entry.end({ responseCode: 200, details: 'via_upstream' })
  const [line = ''] = lines
  assert.match(line, /"ip":"192.0.2.7","service-account-id":"backup",/)
  assert.doesNotMatch(line, /session-id|"user"|"email"|hash/)
})

test('an unknown route leaves out what is not known', () => {
  const { entry, lines } = setup()
  entry.end({ responseCode: 404, details: 'route_not_found' })
  const [line = ''] = lines
  assert.match(
    line,
    /"method":"CONNECT".*"response-code":404,"response-code-details":"route_not_found"/,
  )
  assert.match(line, /"upstream-cluster":""/)
  assert.doesNotMatch(line, /"(?:user|email|session-id|route|ended|reasons|error)":/)
})

test('ports that would have led somewhere are listed, and left out where there are none', () => {
  for (const [ports, text] of [
    [[443, 8022], /"other-ports":\[443,8022\]/],
    [[], /"ip":"192.0.2.7","time"/],
  ] as const) {
    const { entry, lines } = setup()
    entry.otherPorts(ports)
    entry.end({ responseCode: 404, details: 'route_not_found' })
    assert.match(lines.join(''), text)
  }
})

test('however often an entry ends, there is one line, the first', () => {
  const { entry, lines } = setup()
  entry.end({ responseCode: 503, details: 'upstream_unreachable', error: new Error('refused') })
  entry.end({ responseCode: 200, details: 'via_upstream' })
  assert.equal(lines.length, 1)
  assert.match(lines.join(''), /"response-code":503.*"error":"refused"/)
})

test('nothing is written before the end', () => {
  const { entry, lines } = setup()
  entry.route({ id: '1', name: 'ssh' })
  assert.deepEqual(lines, [])
})

test('selected fields come exactly, in the order they were selected', () => {
  const { entry, lines } = setup({
    fields: ['response-code', 'headers.X-Team', 'authority', 'headers.x-none'],
  })
  entry.end({ responseCode: 200, details: 'via_upstream' })
  assert.deepEqual(lines, [
    '{"level":"info","service":"access","response-code":200,"headers.X-Team":"red",' +
      '"authority":"ssh.example.com:22","headers.x-none":"",' +
      '"time":"2026-08-20T10:00:02.000Z","message":"http-request"}\n',
  ])
})

test('a reload selects other fields for entries under way too', () => {
  const { log, entry, lines } = setup()
  log.selectFields(['method'])
  entry.end({ responseCode: 200, details: 'via_upstream' })
  log.selectFields(undefined)
  log.begin(request).end({ responseCode: 200, details: 'via_upstream' })
  assert.match(lines[0] ?? '', /"service":"access","method":"CONNECT","time"/)
  assert.match(lines[1] ?? '', /"ip":"192.0.2.7"/)
})

test('headers that carry secrets cannot be selected', () => {
  for (const name of ['authorization', 'Cookie', 'X-Pomerium-Authorization', 'proxy-authorization'])
    assert.throws(() => setup({ fields: [`headers.${name}`] }), RangeError)
  assert.equal(isAccessLogField('headers.x-team'), true)
  assert.equal(isAccessLogField('headers.'), false)
  assert.equal(isAccessLogField('constructor'), false)
  assert.ok(accessLogFieldNames.every(isAccessLogField))
})

test('no selection of fields shows a secret of the request', () => {
  const { entry, lines } = setup({
    fields: accessLogFieldNames,
    request: {
      path: '/oauth2/callback?code=s3cr3t&state=s3cr3t&x=1',
      referer: 'https://idp.example.com/?token=s3cr3t',
    },
  })
  entry.end({ responseCode: 302, details: 'sign_in', sizeBytes: 12 })
  const [line = ''] = lines
  assert.doesNotMatch(line, /s3cr3t/)
  assert.match(line, /"path":"\/oauth2\/callback"/)
  assert.match(line, /"referer":"https:\/\/idp\.example\.com\/"/)
  assert.match(line, /"query":"code=\[redacted\]&state=\[redacted\]&x=1"/)
  assert.match(line, /"size":12/)
})

test('health checks are logged at debug only', () => {
  const { entry, lines } = setup({ request: { method: 'GET', path: '/healthz?x' } })
  entry.end({ responseCode: 200, details: 'direct' })
  assert.deepEqual(lines, [])
  const again = setup({ request: { method: 'GET', path: '/ping' }, level: 'debug' })
  again.entry.end({ responseCode: 200, details: 'direct' })
  assert.equal(again.lines.length, 1)
})

test('what is said later than it was has the duration that it had', () => {
  const { entry, lines, advance } = setup()
  advance(2_500)
  entry.end({ responseCode: 200, details: 'via_upstream', agoMs: 666.4 })
  assert.match(lines.join(''), /"duration":1834,/)
})

test('a clock that was set back gives no negative duration', () => {
  const { entry, lines, advance } = setup()
  advance(-5_000)
  entry.end({ responseCode: 200, details: 'via_upstream' })
  assert.match(lines.join(''), /"duration":0,/)
})

interface Setup {
  readonly fields?: AccessLogOptions['fields']
  readonly request?: Partial<LoggedRequest>
  readonly level?: 'debug'
}

function setup(options: Setup = {}) {
  const { log: sink, lines } = collectLog()
  if (options.level) sink.setLevel(options.level)
  let nowMs = 0
  const log = createAccessLog({
    logger: sink.service('access'),
    fields: options.fields,
    clock: { ...fixedClock, now: () => nowMs },
  })
  const entry = log.begin({ ...request, ...options.request })
  const advance = (byMs: number): void => void (nowMs += byMs)
  return { log, entry, lines, advance }
}

test('a long header is cut in the line, and a selected one as well', () => {
  const { entry, lines } = setup({
    fields: ['user-agent', 'headers.x-team'],
    request: { userAgent: 'u'.repeat(30_000), headers: { 'x-team': 'x'.repeat(30_000) } },
  })
  entry.end({ responseCode: 200, details: 'via_upstream' })
  const { 'user-agent': agent, 'headers.x-team': team } = JSON.parse(lines[0] ?? '') as Record<
    string,
    string
  >
  assert.deepEqual([agent, team], [`${'u'.repeat(1024)}…`, `${'x'.repeat(1024)}…`])
})
