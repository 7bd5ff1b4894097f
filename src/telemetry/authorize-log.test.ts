import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createAuditLog } from './audit-log.ts'
import type { AuthorizeLine } from './authorize-fields.ts'
import { authorizeLogFieldNames, isAuthorizeLogField } from './authorize-fields.ts'
import { createAuthorizeLog } from './authorize-log.ts'
import { collectLog } from './log.fixture.ts'

const line: AuthorizeLine = {
  requestId: 'r1',
  method: 'CONNECT',
  path: '',
  authority: 'ssh.example.com:22',
  ip: '172.18.0.4',
  route: { id: '5b0d3f6a9c1e2d47', name: 'ssh' },
  decision: { allow: { value: true, reasons: ['accept'] }, deny: { value: false, reasons: [] } },
}

test('an anonymous check has empty user and email, and no session', () => {
  assert.deepEqual(check(line), [
    '{"level":"info","service":"authorize","request-id":"r1","check-request-id":"r1",' +
      '"method":"CONNECT","path":"","host":"ssh.example.com:22","ip":"172.18.0.4","user":"",' +
      '"email":"","envoy-route-id":"5b0d3f6a9c1e2d47","route-id":"5b0d3f6a9c1e2d47",' +
      '"route":"ssh","allow":true,"allow-why-true":["accept"],"deny":false,"deny-why-false":[],' +
      '"time":"2026-08-20T10:00:02.000Z","message":"authorize check"}\n',
  ])
})

test('a refusal names the side it came from, with sorted reasons', () => {
  const decision = {
    allow: { value: false, reasons: ['groups-unauthorized', 'email-unauthorized'] },
    deny: { value: true, reasons: ['source-ip-ok'] },
  }
  assert.match(
    check({ ...line, decision }).join(''),
    /"allow":false,"allow-why-false":\["email-unauthorized","groups-unauthorized"\],"deny":true,"deny-why-true":\["source-ip-ok"\]/,
  )
})

test('a session adds its id, and a re-check says that it is one', () => {
  const session = { kind: 'person' as const, id: 's1', userId: 'u1', email: 'alice@example.com' }
  const text = check({ ...line, session, isRecheck: true }).join('')
  assert.match(text, /"session-id":"s1","user":"u1","email":"alice@example.com"/)
  assert.match(text, /"re-check":true/)
  assert.doesNotMatch(check(line).join(''), /re-check/)
})

test('a service account is named by its id, and by nothing that is for people', () => {
  const session = {
    kind: 'service-account' as const,
    id: 'service-account:backup:hash',
    userId: 'backup',
    email: undefined,
  }
  const text = check({ ...line, session }).join('')
  assert.match(text, /"ip":"172.18.0.4","service-account-id":"backup","user":"","email":""/)
  assert.doesNotMatch(text, /session-id|hash/)
})

test('selected fields come in their order, verdicts always follow', () => {
  assert.match(
    check(line, ['email', 'headers.x-team', 'host']).join(''),
    /"service":"authorize","email":"","headers.x-team":"","host":"ssh.example.com:22","allow":true/,
  )
})

test('no selection of fields shows a secret', () => {
  const text = check(
    {
      ...line,
      path: '/?code=s3cr3t',
      headers: { authorization: 's3cr3t', cookie: 's3cr3t', 'x-team': 'red' },
      session: {
        kind: 'person',
        id: 's1',
        userId: 'u1',
        email: undefined,
        claims: { access_token: 's3cr3t' },
      },
    },
    authorizeLogFieldNames,
  ).join('')
  assert.doesNotMatch(text, /s3cr3t/)
  assert.match(text, /"headers":\{"x-team":"red"\}/)
})

test('fields of the reference are accepted, unknown and secret ones are not', () => {
  for (const name of ['envoy-route-checksum', 'removed-groups-count', 'headers.accept'])
    assert.equal(isAuthorizeLogField(name), true, name)
  for (const name of ['emial', 'headers.cookie', '']) {
    assert.equal(isAuthorizeLogField(name), false, name)
    assert.throws(() => check(line, [name]), RangeError)
  }
})

function check(input: AuthorizeLine, fields?: readonly string[]): readonly string[] {
  const { log, lines } = collectLog()
  const logger = log.service('authorize')
  const audit = createAuditLog({ logger })
  createAuthorizeLog({ logger, audit, fields }).check(input)
  return lines
}
