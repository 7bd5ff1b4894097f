import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Grant } from '../access/grant.ts'
import { createTestAuthorize } from '../access/live-tunnels.fixture.ts'
import { createFakeClock } from '../fake-clock.ts'
import { createAuditLog } from '../telemetry/audit-log.ts'
import { collectLog } from '../telemetry/log.fixture.ts'
import { testCaller, testRoute, testSession } from './gateway.fixture.ts'
import { beginTunnelAudit } from './tunnel-audit.ts'

const ada = testSession('ada', 'ada@example.com')
const where = {
  ip: '192.0.2.1',
  'request-id': 'r7',
  host: 'db.example.com:5432',
  route: 'db.example.com:5432',
}

test('a tunnel leaves one entry when it is opened and one when it has ended, with its bytes', async () => {
  const { audit, kept, said } = openAudit()
  const tunnel = beginTunnelAudit(audit, grantOf(ada), undefined)
  assert.deepEqual(await kept(), [
    ['decisions', { ...where, kind: 'tunnel', event: 'tunnel opened', ...personOf(ada) }],
  ])
  tunnel.ended('client-closed', {
    cause: 'client-closed',
    bytesUp: 12,
    bytesDown: 3_400,
    durationMs: 1_834.4,
  })
  const [, [series, entry] = ['', {} as Entry]] = await kept()
  assert.deepEqual(
    [series, entry],
    [
      'decisions',
      {
        ...where,
        kind: 'tunnel',
        event: 'tunnel ended',
        ...personOf(ada),
        ended: 'client-closed',
        'bytes-up': 12,
        'bytes-down': 3_400,
        duration: 1_834,
      },
    ],
  )
  // The access log has a line for it.
  assert.deepEqual(said, [])
})

test('one that the gateway cut is of the kind "cut", with the reason and how its client was told', async () => {
  const { audit, kept } = openAudit()
  const tunnel = beginTunnelAudit(audit, grantOf(ada), undefined)
  tunnel.ended('person-blocked', {
    cause: 'cut',
    bytesUp: 0,
    bytesDown: 0,
    durationMs: 1,
    told: 'postgres',
  })
  const [, [series, { kind, event, ended, told, email }] = ['', {} as Entry]] = await kept()
  assert.deepEqual(
    [series, kind, event, ended, told, email],
    ['decisions', 'cut', 'tunnel cut', 'person-blocked', 'postgres', ada.email],
  )
})

test('it says through whose connector it went, and pushes nobody out where nobody is signed in', async () => {
  const { audit, kept } = openAudit()
  const connector = { tunnelId: 't1', connectorId: 'c1' }
  const tunnel = beginTunnelAudit(audit, grantOf(undefined), connector)
  tunnel.ended('upstream-reset', {
    cause: 'upstream-reset',
    bytesUp: 0,
    bytesDown: 0,
    durationMs: 1,
  })
  assert.deepEqual(
    (await kept()).map(([series, it]) => [series, it.event, it['tunnel-id'], it['connector-id']]),
    [
      ['strangers', 'tunnel opened', 't1', 'c1'],
      ['strangers', 'tunnel ended', 't1', 'c1'],
    ],
  )
})

type Entry = Readonly<Record<string, unknown>>

/** An audit log over a disk of the test's own. */
function openAudit() {
  const { log, lines: said } = collectLog()
  const entries: (readonly [string, Entry])[] = []
  const audit = createAuditLog({
    logger: log.service('audit'),
    clock: createFakeClock(),
    keeper: {
      append(series, texts) {
        for (const text of texts) {
          const { time: _, 'route-id': id, ...entry } = JSON.parse(text) as Entry
          assert.equal(typeof id, 'string')
          entries.push([series, entry])
        }
        return Promise.resolve('kept')
      },
    },
  })
  return {
    audit,
    said,
    async kept() {
      await audit.flushed()
      return entries
    },
  }
}

function grantOf(session: typeof ada | undefined): Grant {
  const route = testRoute('tcp+https://db.example.com:5432', [1])
  const target = { protocol: 'tcp', host: 'db.example.com', port: 5432 } as const
  const request = { requestId: 'r7', target, authority: 'db.example.com:5432' }
  return createTestAuthorize(createFakeClock())(request, testCaller(session), { route })
}

function personOf({ userId, email, id, provider }: typeof ada): Entry {
  return { user: userId, email, provider, 'session-id': id }
}
