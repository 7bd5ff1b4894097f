import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import { createFakeClock } from '../../fake-clock.ts'
import { openAuditFiles } from '../audit/audit-files.ts'
import { auditBounds } from '../audit/retention.ts'
import { createLog } from '../log.ts'
import { createMetrics } from '../metrics.ts'
import { startForwarding, type ForwardSettings } from './forwarding.ts'

async function webhook(t: TestContext, name: string) {
  const events: string[] = []
  const answer = { status: 200 }
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const lines = body.split('\n').slice(0, -1)
      const all = lines.map((line) => JSON.parse(line) as { event: string; kind: string })
      if (answer.status === 200)
        events.push(...all.flatMap(({ event, kind }) => (kind === 'audit' ? [] : [event])))
      response.writeHead(answer.status).end('\u001b[31m')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  const settings = (fingerprint = '1'): ForwardSettings => ({
    name,
    fingerprint,
    kinds: undefined,
    target: { kind: 'webhook', url, secret: Buffer.alloc(32, 1), tls: undefined },
  })
  return { events, answer, settings }
}

/** The receivers answer in their own time, however far the waits between the attempts are moved on meanwhile. */
function withoutAnswerLimit(clock: Clock): Clock {
  const answerLimitMs = 15_000
  const never = { [Symbol.dispose]: () => undefined }
  return {
    now: clock.now,
    schedule: (delayMs, callback) =>
      delayMs === answerLimitMs ? never : clock.schedule(delayMs, callback),
  }
}

function gateway(t: TestContext, limits = auditBounds) {
  const directory = mkdtempSync(join(tmpdir(), 'forwarding-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const fake = createFakeClock(Date.UTC(2026, 7, 20, 3))
  const clock = withoutAnswerLimit(fake)
  const [audit, positions] = [join(directory, 'audit'), join(directory, 'audit-forward')]
  const files = openAuditFiles(audit, clock, limits)
  t.after(() => files.close())
  const lines: Record<string, unknown>[] = []
  const sink = { write: (line: string) => void lines.push(JSON.parse(line) as never) }
  const logger = createLog({ level: 'info', sink, clock }).service('audit')
  let metrics = createMetrics()
  return {
    clock,
    render: () => metrics.render(),
    positions,
    said: () => lines.map(({ message }) => message),
    start(...settings: ForwardSettings[]) {
      // Each process has its own.
      metrics = createMetrics()
      const options = { directory: audit, positions, settings, clock, logger }
      const forwarding = startForwarding({ ...options, metrics: metrics.forwarding })
      t.after(() => forwarding.close(0))
      return forwarding
    },
    async keep(...events: string[]) {
      const time = new Date(clock.now()).toISOString()
      await files.append(
        'people',
        events.map((event) => JSON.stringify({ time, kind: 'admin', event })),
      )
    },
    async until(holds: () => boolean | Promise<boolean>): Promise<void> {
      const deadlineMs = performance.now() + 60_000
      while (!(await holds())) {
        if (performance.now() > deadlineMs) assert.fail('it never holds')
        await nextTurn()
        fake.advance(50)
      }
    },
  }
}

test('a destination that stays is left alone by a reload, and another one takes its place', async (t) => {
  const { start, keep, until } = gateway(t)
  const [siem, chat] = [await webhook(t, 'siem'), await webhook(t, 'chat')]
  const forwarding = start(siem.settings())
  await keep('a')
  await until(() => siem.events.length === 1)
  // One that is new gets everything that is kept.
  forwarding.reload([siem.settings(), chat.settings()])
  await until(() => chat.events.length === 1)
  const moved = await webhook(t, 'siem')
  forwarding.reload([moved.settings('2'), chat.settings()])
  await until(async () => (await forwarding.states()).length === 2)
  await keep('b')
  forwarding.wake()
  await until(() => chat.events.length === 2 && siem.events.length + moved.events.length === 2)
  forwarding.reload([])
  await until(async () => (await forwarding.states()).length === 0)
  await keep('c')
  forwarding.reload([moved.settings('2')])
  await until(() => moved.events.includes('c'))
  assert.deepEqual([...siem.events, ...moved.events], ['a', 'b', 'c'])
  assert.deepEqual(chat.events.slice(0, 2), ['a', 'b'])
})

test('a place that cannot be understood is told, and everything is sent again', async (t) => {
  const { start, keep, until, positions, said } = gateway(t)
  const siem = await webhook(t, 'siem')
  const first = start(siem.settings())
  await keep('a')
  await until(() => siem.events.length === 1)
  await first.close(1_000)
  assert.deepEqual(readdirSync(positions), ['siem.json'])
  assert.match(readFileSync(join(positions, 'siem.json'), 'utf8'), /"people-2026-08-20-0001.jsonl"/)
  start(siem.settings())
  await keep('b')
  await until(() => siem.events.length === 2)
  assert.deepEqual(siem.events, ['a', 'b'])
  writeFileSync(join(positions, 'siem.json'), '{"version":1,"series":{"people":')
  start(siem.settings())
  await until(() => siem.events.length === 4)
  assert.deepEqual(said(), ['the place of a destination is lost: it gets everything again'])
})

test('that a destination fails is said once, and how far behind it is is counted', async (t) => {
  const { start, keep, until, said, render, clock } = gateway(t)
  const siem = await webhook(t, 'siem')
  siem.answer.status = 500
  await keep('a', 'b')
  const forwarding = start(siem.settings())
  const failures = async () =>
    Number(/forward_failures_total\{destination="siem"\} (\d+)/.exec(await render())?.[1])
  await until(async () => (await failures()) >= 3)
  assert.deepEqual(said(), ['audit log cannot be forwarded'])
  const [state] = await forwarding.states()
  assert.deepEqual([state?.isFailing, state?.lagRecords, state?.dropped], [true, 3, 0])
  assert.equal(state?.problem, 'it answered 500 "[31m"')
  assert.equal(state?.lagSeconds, (clock.now() - Date.UTC(2026, 7, 20, 3)) / 1000)
  assert.match(await render(), /postern_audit_forward_up\{destination="siem"\} 0/)
  siem.answer.status = 200
  await until(() => siem.events.length === 2)
  await until(async () => (await forwarding.states())[0]?.isFailing === false)
  const [after] = await forwarding.states()
  assert.deepEqual([after?.lagRecords, after?.lagSeconds, after?.problem], [0, 0, undefined])
  assert.deepEqual(said(), ['audit log cannot be forwarded', 'audit log is forwarded again'])
  assert.match(await render(), /forwarded_records_total\{destination="siem"\} 3/)
})

test('records that retention took before they were sent are counted and told', async (t) => {
  const limits = { ...auditBounds, maxFileBytes: 400, maxSeriesBytes: 1_200 }
  const { start, keep, until, said, render } = gateway(t, limits)
  const siem = await webhook(t, 'siem')
  const first = start(siem.settings())
  await keep('a')
  await until(() => siem.events.length === 1)
  await first.close(1_000)
  for (let index = 0; index < 20; index += 1) await keep(`b${index}`)
  const forwarding = start(siem.settings())
  await until(() => siem.events.includes('b19'))
  await until(async () => ((await forwarding.states())[0]?.dropped ?? 0) > 0)
  assert.deepEqual(said(), ['audit records will never be forwarded'])
  assert.match(await render(), /forward_dropped_total\{destination="siem"\} [1-9]/)
})
