import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { silentLogger } from '../../src/log.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { sessionRecord } from '../../src/store/session-store.suite.ts'
import { openStateDirectory } from '../../src/store/state-directory.ts'
import type { Store } from '../../src/store/store.ts'
import { openAuditFiles } from '../../src/telemetry/audit/audit-files.ts'
import { createAuditLog } from '../../src/telemetry/audit-log.ts'
import type { GatewayRig } from '../e2e/rig.ts'

/** How much there is of each. */
export interface Amounts {
  readonly routes: number
  readonly sessions: number
  readonly records: number
}

/** Fills the state of a gateway that does not run, as months of use would have. */
export async function seed(rig: GatewayRig, amounts: Amounts): Promise<void> {
  const state = await openStateDirectory(join(rig.home, '.state', 'postern', 'gateway'))
  try {
    const [bytes] = await state.keys('shared_secret')
    const store = await openSqliteStore(state.storePath, [{ setting: 'shared_secret', bytes }])
    try {
      // Without the slash at its end, as the gateway keeps it: those of another provider are nobody's.
      await seedSessions(store, rig.idp.issuer.origin, amounts.sessions)
      await seedRoutes(store, amounts.routes)
    } finally {
      await store.close()
    }
    await seedAudit(state.auditPath, amounts.records)
  } finally {
    state.release()
  }
}

/** @limit none: rows that are under way to the store at once */
const maxAtOnce = 200

async function seedSessions(store: Store, issuer: string, count: number): Promise<void> {
  const nowMs = Date.now()
  const times = { expiresAtMs: nowMs + 36e5, refreshedAtMs: nowMs, refreshDueAtMs: nowMs + 36e5 }
  for (let at = 0; at < count; at += maxAtOnce) {
    const some = Array.from({ length: Math.min(maxAtOnce, count - at) }, (_, index) => at + index)
    const added = some.map((n) =>
      store.sessions.add({
        ...sessionRecord({ ...times, issuer, issuedAtMs: nowMs - n * 1_000 }),
        id: randomBytes(16).toString('base64url'),
        userId: `u-${n % 4_000}`,
        email: `person-${n % 4_000}@example.com`,
        name: `Person ${n % 4_000}`,
        accessToken: undefined,
        refreshToken: undefined,
        idToken: undefined,
      }),
    )
    await Promise.all(added)
  }
}

async function seedRoutes(store: Store, count: number): Promise<void> {
  const writes = Array.from({ length: count }, (_, n) => ({
    kind: 'route' as const,
    id: `seeded-${n}`,
    change: 'created' as const,
    expected: undefined,
    form: {
      body: JSON.stringify({
        from: `tcp+https://service-${n}.example.com:${1_000 + n}`,
        to: 'tcp://127.0.0.1:9',
        name: `service-${n}`,
        description: `Service ${n} of the seeded ones`,
        allowed_users: ['alice@example.com'],
      }),
      isDisabled: false,
      tags: [`team-${n % 20}`],
    },
  }))
  const author = { by: 'local', atMs: Date.now(), note: '', basedOn: 0 }
  const limits = {
    maxDocuments: 10_000,
    maxBytes: 2 ** 26,
    maxHistoryPerDocument: 50,
    maxHistory: 50_000,
    maxHistoryBytes: 2 ** 30,
  }
  const { outcome } = await store.accessDocuments.write(writes, author, limits)
  if (outcome !== 'written') throw new Error(`routes were not kept: ${outcome}`)
}

/** Everybody has as many records as the others. */
export const peopleInAudit = 500

async function seedAudit(directory: string, count: number): Promise<void> {
  const keeper = openAuditFiles(directory)
  const audit = createAuditLog({ logger: silentLogger, keeper })
  for (let n = 0; n < count; n += 1) {
    const person = n % peopleInAudit
    const session = sessionRecord({ id: `s-${person}`, email: `person-${person}@example.com` })
    audit.record({
      kind: 'decision',
      event: n % 10 === 0 ? 'access denied' : 'access allowed',
      session: { ...session, kind: 'person' },
      ip: `10.0.${(n >> 8) & 255}.${n & 255}`,
      requestId: `r-${n}`,
      details: { route: `service-${n % 1_000}`, 'route-id': `seeded-${n % 1_000}` },
    })
    if (n % 5_000 === 4_999) await audit.flushed()
  }
  await audit.flushed()
  await keeper.close()
}
