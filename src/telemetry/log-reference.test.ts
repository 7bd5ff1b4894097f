import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { accessLogFieldNames } from './access-fields.ts'
import { createAccessLog } from './access-log.ts'
import { authorizeLogFieldNames } from './authorize-fields.ts'
import { createAuditLog } from './audit-log.ts'
import { createAuthorizeLog } from './authorize-log.ts'
import { endings } from './ended.ts'
import { renderLogReference } from './log-reference.ts'
import { collectLog } from './log.fixture.ts'

test('every field and every ending is in the reference', () => {
  const text = renderLogReference()
  const names = [...accessLogFieldNames, ...authorizeLogFieldNames, ...Object.keys(endings)]
  assert.deepEqual(
    names.filter((name) => !text.includes(`- \`${name}\`: `)),
    [],
  )
})

test('every audit entry that is written somewhere is in the reference', () => {
  const text = renderLogReference()
  const writing =
    /(?:event: |event = |record\((?:parts, )?by, |recordChange\(parts, by, |prove\(|audit\(|noteInLog\()'([^']+)'/g
  const sources = readdirSync(join(import.meta.dirname, '..'), {
    recursive: true,
    encoding: 'utf8',
  })
    .filter((path) => path.endsWith('.ts') && !/\.(?:test|fixture|suite)\.ts$/.test(path))
    .map((path) => readFileSync(join(import.meta.dirname, '..', path), 'utf8'))
  const events = new Set(
    sources.flatMap((source) => [...source.matchAll(writing)].map(([, event = '']) => event)),
  )
  assert.ok(events.size > 30, `${events.size} found`)
  assert.deepEqual(
    [...events].filter((event) => !text.includes(`\`${event}\``)),
    [],
  )
})

test("the reference's examples have the fields of real lines, in order", () => {
  const { log, lines } = collectLog()
  const request = { requestId: '1', method: 'CONNECT', path: '', authority: 'a:1', ip: '::1' }
  const session = { kind: 'person' as const, id: '1', userId: '1', email: 'alice@example.com' }
  const route = { id: '1', name: 'ssh' }
  const decision = { allow: { value: true, reasons: ['a'] }, deny: { value: false, reasons: [] } }
  const logger = log.service('authorize')
  createAuthorizeLog({ logger, audit: createAuditLog({ logger }) }).check({
    ...request,
    session,
    route,
    decision,
  })
  const accessLog = createAccessLog({ logger: log.service('access') })
  const entry = accessLog.begin(request)
  entry.route(route)
  entry.session(session)
  entry.reasons(['a'])
  const bytes = { bytesUp: 1, bytesDown: 2 }
  entry.end({ responseCode: 200, details: 'via_upstream', ...bytes, ended: 'client-closed' })
  const unmatched = accessLog.begin(request)
  unmatched.session(session)
  unmatched.otherPorts([22])
  unmatched.end({ responseCode: 404, details: 'route_not_found', error: 'no route for a:1' })

  const examples = renderLogReference().match(/^\{"level".*\}$/gm) ?? []
  assert.deepEqual(examples.map(fieldNames), lines.map(fieldNames))
})

function fieldNames(line: string): readonly string[] {
  return Object.keys(JSON.parse(line) as object)
}
