import { createFakeClock } from '../fake-clock.ts'
import type { ServiceAccounts } from '../identity/service-accounts.ts'
import type { Session } from '../identity/session.ts'
import type { Logger } from '../log.ts'
import { silentLogger } from '../log.ts'
import type { TokenKeyStore } from '../store/store.ts'
import { createAuditLog } from '../telemetry/audit-log.ts'
import { createOperations, type Operations } from './operations.ts'

export interface TestOperations {
  readonly operations: Operations
  readonly logger: Logger
  /** What happened, in its order: sessions that ended, tunnels that were cut, lines of the log. */
  readonly happened: readonly string[]
  /** The audit entries so far, as they are kept. */
  kept(): Promise<readonly string[]>
}

export interface TestOperationsOptions {
  readonly sessions?: readonly Session[]
  /** Ids that the store fails to end. */
  readonly failing?: readonly string[]
  readonly tokenKeys?: Partial<TokenKeyStore>
}

/** Operations on sessions that a test makes up. */
export function createTestOperations(options: TestOperationsOptions = {}): TestOperations {
  const sessions = new Map((options.sessions ?? []).map((session) => [session.id, session]))
  const happened: string[] = []
  const kept: string[] = []
  const clock = createFakeClock()
  const logger: Logger = {
    ...silentLogger,
    info: (message) => void happened.push(`said ${message}`),
    error: (message) => void happened.push(`failed ${message}`),
  }
  const audit = createAuditLog({
    logger,
    clock,
    keeper: {
      append(_series, lines) {
        kept.push(...lines.trimEnd().split('\n'))
        return Promise.resolve('kept')
      },
    },
  })
  const operations = createOperations({
    clock,
    logger,
    audit,
    identity: {
      listSessions: () => Promise.resolve([...sessions.values()]),
      countSessions: () => Promise.resolve(sessions.size),
      revokeSession(id) {
        if (options.failing?.includes(id) === true) return Promise.reject(new Error('disk full'))
        happened.push(`ended ${id}`)
        return Promise.resolve(sessions.delete(id))
      },
      serviceAccounts: {} as ServiceAccounts,
    },
    tokenKeys: options.tokenKeys as TokenKeyStore,
    liveTunnels: {
      countOf: () => 0,
      async redecide(filter) {
        // Whoever does not wait for the cut goes on before it.
        await audit.flushed()
        happened.push(`cut ${filter?.sessionId} ${filter?.ended}`)
      },
    },
  })
  return {
    operations,
    logger,
    happened,
    async kept() {
      await audit.flushed()
      return kept
    },
  }
}

/** Somebody who is signed in. */
export function testSession(id: string, email: string): Session {
  return {
    kind: 'person',
    id,
    userId: `user-of-${id}`,
    email,
    emailVerified: true,
    name: undefined,
    groups: [],
    claims: {},
    issuer: 'https://login.example.com',
    issuedAtMs: 0,
    expiresAtMs: 3_600_000,
    refreshedAtMs: 0,
    refreshDueAtMs: 0,
    device: undefined,
  }
}
