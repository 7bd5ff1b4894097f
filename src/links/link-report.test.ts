import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import type { LogFields, Logger } from '../log.ts'
import { createAuditLog } from '../telemetry/audit-log.ts'
import { createLinkReport } from './link-report.ts'
import type { Link, LinkEnd } from './link.ts'

test('a connector is kept as proof with its first connection and after its last, and named by its tunnel', async () => {
  const { report, lines, kept } = openRig()
  const first = report.added(link(0), 1)
  const second = report.added(link(1), 2)
  first.removed(1)
  second.removed(0)
  assert.deepEqual(
    lines.map(({ level, message, tunnel }) => [level, message, tunnel]),
    [
      ['info', 'connector registered', 'lab'],
      ['info', 'connection of a connector registered', 'lab'],
      ['info', 'connection of a connector ended', 'lab'],
      ['warn', 'connector gone', 'lab'],
    ],
  )
  assert.deepEqual(await kept(), ['connector registered', 'connector gone'])
})

test('its end says why, and is a warning where nobody wanted it', () => {
  const { report, lines } = openRig()
  const all: readonly (LinkEnd | undefined)[] = [undefined, 'lost', 'closed', 'keys-forgotten']
  for (const endedBy of all) report.added({ ...link(0), endedBy }, 1).removed(0)
  const ends = lines.filter(({ message }) => message === 'connector gone')
  assert.deepEqual(
    ends.map(({ why, level }) => [why, level]),
    [
      ['lost', 'warn'],
      ['lost', 'warn'],
      ['closed', 'info'],
      ['keys-forgotten', 'info'],
    ],
  )
})

test('a connector of a tunnel that is not known any more is named by the id', () => {
  const { report, lines } = openRig()
  report.added({ ...link(0), tunnelId: 'gone' }, 1)
  assert.deepEqual([lines[0]?.['tunnel'], lines[0]?.['tunnel-id']], ['gone', 'gone'])
})

test('a connector that registers without end fills no audit log, and hides no other tunnel', async () => {
  const { report, kept, clock } = openRig()
  for (let times = 0; times < 500; times += 1)
    report.added({ ...link(0), connectorId: `c${times}` }, 1).removed(0)
  report.added({ ...link(0), tunnelId: 'other' }, 1)
  const counts = async () => Object.entries(Object.groupBy(await kept(), (event) => event))
  assert.deepEqual(
    (await counts()).map(([event, all]) => [event, all?.length]),
    [
      ['connector registered', 31],
      ['connector gone', 30],
      ['connectors register too often', 1],
    ],
  )
  clock.advance(60_000)
  report.added(link(0), 1)
  assert.deepEqual((await kept()).slice(-2), ['more connectors registered', 'connector registered'])
  assert.equal(clock.pending, 1)
})

test('connections that come and go fill no log: one line counts those beyond 60 a minute', () => {
  const { report, lines, clock } = openRig()
  for (let times = 0; times < 100; times += 1) report.added(link(1), 2).removed(1)
  assert.equal(lines.length, 60)
  clock.advance(60_000)
  assert.deepEqual(lines.at(-1), {
    level: 'info',
    message: 'more changes of connections of connectors',
    changes: 140,
  })
})

test('each connection is counted by the name of its tunnel, until it has ended', () => {
  const { report, counted } = openRig()
  const first = report.added(link(0), 1)
  report.added(link(1), 2)
  first.removed(1)
  assert.deepEqual(counted, ['lab 0', 'lab 1', 'ended lab 0'])
})

function openRig() {
  const clock = createFakeClock()
  const lines: (LogFields & { readonly level: string; readonly message: string })[] = []
  const counted: string[] = []
  const kept: string[] = []
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, ...fields })
  const logger: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
  const audit = createAuditLog({
    logger,
    clock,
    keeper: {
      append(_series, entries) {
        for (const entry of entries) kept.push(JSON.parse(entry).event)
        return Promise.resolve('kept')
      },
    },
  })
  // The line of what is kept as proof comes behind it; these tests are about the lines.
  const record: typeof audit.record = (entry, then) => {
    audit.record(entry)
    then?.()
  }
  const report = createLinkReport({
    clock,
    logger,
    audit: { ...audit, record },
    metrics: {
      registered(tunnel, it) {
        const name = `${tunnel} ${(it as Link).connIndex}`
        counted.push(name)
        return { ended: () => void counted.push(`ended ${name}`) }
      },
    },
    namedTunnels: { find: (id) => (id === 't' ? ({ name: 'lab' } as never) : undefined) },
  })
  return {
    clock,
    report,
    lines,
    counted,
    async kept() {
      await audit.flushed()
      return kept
    },
  }
}

function link(connIndex: number): Link {
  return {
    id: `l${connIndex}`,
    tunnelId: 't',
    connectorId: 'c',
    connIndex,
    dialect: 'postern',
    version: '1.0.0',
    arch: 'linux_x64',
    ip: '192.0.2.1',
  } as Link
}
