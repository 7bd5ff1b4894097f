import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { codePoint } from '../../code-point.fixture.ts'
import type { KeptEntry } from '../audit/read-audit.ts'
import type { ForwardedRecord } from './record.ts'
import { frameSyslog, syslogMessage } from './syslog-message.ts'

function record(fields: Partial<KeptEntry> = {}, seq: number | undefined = 17): ForwardedRecord {
  const entry: KeptEntry = {
    time: '2026-08-20T03:10:00.123Z',
    kind: 'admin',
    event: 'tunnels cut',
    ...fields,
  }
  return { series: 'people', seq, line: JSON.stringify({ series: 'people', seq, ...entry }), entry }
}

test('a record is a message of RFC 5424 whose text is its line', () => {
  const made = record({ email: 'ada@example.com', ip: '2001:db8::1', 'request-id': 'r-1' })
  const message = syslogMessage(made, 'gw-1.example.com')
  const head = '<109>1 2026-08-20T03:10:00.123Z gw-1.example.com postern - tunnels-cut'
  const data =
    '[audit@32473 series="people" seq="17" kind="admin" email="ada@example.com" ip="2001:db8::1" request-id="r-1"]'
  assert.equal(message, `${head} ${data} ${made.line}`)
})

test('the text of a message has a mark before it where it is more than ASCII', () => {
  const made = record({ email: 'ädä@example.com' })
  const message = syslogMessage(made, 'gw')
  assert.ok(message.endsWith(`] \uFEFF${made.line}`), message)
  const bytes = frameSyslog(message)
  const text = bytes.subarray(bytes.indexOf(Buffer.from([0xef, 0xbb, 0xbf])) + 3)
  assert.equal(text.toString(), made.line)
})

test('the frame of a message is its length in octets', () => {
  const bytes = frameSyslog('<109>1 - ü')
  assert.equal(bytes.toString(), '11 <109>1 - ü')
})

test('how severe a message is comes from its kind, and from whether somebody was told no', () => {
  const severity = (fields: Partial<KeptEntry>) =>
    Number(/^<(\d+)>/.exec(syslogMessage(record(fields), 'gw'))?.[1]) - 13 * 8
  assert.equal(severity({ kind: 'sign-in', event: 'signed in' }), 6)
  assert.equal(severity({ kind: 'sign-in', event: 'sign-in failed' }), 4)
  assert.equal(severity({ kind: 'decision', event: 'authorize check', allow: true }), 6)
  assert.equal(severity({ kind: 'decision', event: 'authorize check', allow: false }), 4)
  assert.equal(severity({ kind: 'decision', allow: true, deny: true }), 4)
  assert.equal(severity({ kind: 'cut' }), 5)
  assert.equal(severity({ kind: 'of-tomorrow' as 'admin' }), 5)
})

test('foreign text breaks out of no field', () => {
  const message = syslogMessage(
    record({ event: 'a b\u0000\u0007ü]c', user: 'x"] <1>1 \\ \n\u202E', time: 'never' }),
    'host name\n',
  )
  assert.match(message, /^<109>1 - host-name- postern - a-b-\]c \[audit@32473 /)
  assert.ok(message.includes('user="x\\"\\] <1>1 \\\\ \\\\n\\\\u202e"]'), message)
})

/** The grammar of RFC 5424 §6, without its optional fields that are never left out here. */
const grammar =
  /^<(\d{1,3})>1 (?:-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) [\x21-\x7e]{1,255} postern - [\x21-\x7e]{1,32} \[audit@32473(?: [a-z-]{1,32}="(?:[^"\\\]]|\\["\\\]])*")+\] (?:\uFEFF[^]*|[\x20-\x7e]*)$/

test('whatever stands in a record, its message follows the grammar', () => {
  const text = fc.string({ unit: codePoint })
  const fields = fc.record({
    event: text,
    time: text,
    user: text,
    email: text,
    'route-id': text,
    ip: fc.oneof(text, fc.integer(), fc.constant(undefined)),
  })
  fc.assert(
    fc.property(fields, text, (given, host) => {
      const message = syslogMessage(record(given), host)
      const [, priority] = grammar.exec(message) ?? assert.fail(message)
      assert.ok(Number(priority) >= 104 && Number(priority) <= 111)
    }),
  )
})
