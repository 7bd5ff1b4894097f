import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue } from 'node:sqlite'
import { Kysely, SqliteDialect } from 'kysely'
import type { SqliteDatabase } from 'kysely'
import { SystemError, messageOf } from '../errors.ts'
import { createAccessDocumentTable } from './access-document-table.ts'
import { createAccountTable } from './account-table.ts'
import { createAcmeTable } from './acme-table.ts'
import { createAccessRequestTable } from './access-request-table.ts'
import { createBlockedPersonTable } from './blocked-person-table.ts'
import { createAuditIndexTable } from './audit-index-table.ts'
import { createChangeFeed } from './change-feed.ts'
import { createCodeTable } from './code-table.ts'
import { createDeviceCodeTable } from './device-code-table.ts'
import { createLeaseTable, createTemporaryLeases } from './lease-table.ts'
import { migrate } from './migrations.ts'
import { createNamedTunnelTable } from './named-tunnel-table.ts'
import { createOcspAnswerTable } from './ocsp-answer-table.ts'
import { createProviderLogoutTable } from './provider-logout-table.ts'
import { createPublishCredentialTable } from './publish-credential-table.ts'
import { createRefusalTable } from './refusal-table.ts'
import { createSampleTable } from './sample-table.ts'
import { createScimTable } from './scim-table.ts'
import { createServiceAccountTable } from './service-account-table.ts'
import { createSessionTable } from './session-table.ts'
import { createSigningKeyTable } from './signing-key-table.ts'
import { createTokenKeyTable } from './token-key-table.ts'
import { discardUnreadable, openTokenKeys, type Discarded } from './token-keys.ts'
import type { TokenSecrets } from './token-cipher.ts'
import { encryptPlain } from './token-rotation.ts'
import type { ServedStore } from './remote-calls.ts'
import type { Tables } from './tables.ts'

/** @limit time to wait for the database: 503, the sign-in is kept */
const busyTimeoutMs = 5000

/** Opens the store of `openSqliteStore` in this thread, which then waits for its disk. */
export async function openDatabaseHere(path: string, secrets: TokenSecrets): Promise<ServedStore> {
  return open(path, async (database, db) => {
    const keys = await openTokenKeys(db, secrets, Date.now())
    await encryptPlain(db, keys)
    // What was plain is in the write-ahead log as well until that is emptied: now, or at the start after a
    // kill just before this line.
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    const writes = createChangeFeed(db)
    await createTemporaryLeases(db)
    return {
      sessions: createSessionTable(db, keys, writes),
      tokenKeys: createTokenKeyTable(db, keys),
      codes: createCodeTable(db),
      deviceCodes: createDeviceCodeTable(db),
      serviceAccounts: createServiceAccountTable(db, writes),
      namedTunnels: createNamedTunnelTable(db, writes),
      publishCredentials: createPublishCredentialTable(db, writes),
      signingKeys: createSigningKeyTable(db, keys, writes),
      accessDocuments: createAccessDocumentTable(db, writes),
      accessRequests: createAccessRequestTable(db, writes),
      blockedPeople: createBlockedPersonTable(db, writes),
      refusals: createRefusalTable(db),
      samples: createSampleTable(db),
      auditIndex: createAuditIndexTable(db),
      acme: createAcmeTable(db, keys, writes),
      ocspAnswers: createOcspAnswerTable(db),
      providerLogouts: createProviderLogoutTable(db, writes),
      scim: createScimTable(db, writes),
      accounts: createAccountTable(db, writes),
      feed: writes.feed,
      leases: createLeaseTable(db),
      close: closeOnce(() => db.destroy()),
    }
  })
}

/**
 * Ends every session whose tokens none of these secrets reads, and removes such signing keys, in a database that
 * nobody has open; in this thread. Throws as `openSqliteStore`.
 */
export function discardUnreadableRows(path: string, secrets: TokenSecrets): Promise<Discarded> {
  return open(path, async (_, db) => {
    const discarded = await discardUnreadable(db, secrets)
    await db.destroy()
    return discarded
  })
}

async function open<T>(
  path: string,
  use: (database: DatabaseSync, db: Kysely<Tables>) => Promise<T>,
): Promise<T> {
  let database: DatabaseSync | undefined
  try {
    database = openDatabase(path)
    const dialect = new SqliteDialect({ database: forKysely(database) })
    const db = new Kysely<Tables>({ dialect })
    await migrate(db)
    return await use(database, db)
  } catch (error) {
    if (database?.isOpen === true) database.close()
    throw unusable(path, error)
  }
}

function openDatabase(path: string): DatabaseSync {
  if (path !== ':memory:') makePrivate(path)
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs })
  // FULL, not WAL's usual NORMAL: a session revoked before a power cut must not come back after it.
  // Deleted content is overwritten, since it held the provider's tokens.
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
  `)
  return database
}

/** SQLite gives its -wal and -shm files the mode of the database (https://sqlite.org/wal.html). */
function makePrivate(path: string): void {
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
}

/** `node:sqlite` in the shape of better-sqlite3, which Kysely's dialect speaks. */
function forKysely(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare(sql) {
      const statement = database.prepare(sql)
      const spread = (parameters: readonly unknown[]) => parameters as SQLInputValue[]
      return {
        // Also true for `… returning`, which has columns though it is no query.
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...spread(parameters)),
        run: (parameters) => statement.run(...spread(parameters)),
        iterate: (parameters) => statement.iterate(...spread(parameters)),
      }
    },
  }
}

function closeOnce(close: () => Promise<void>): () => Promise<void> {
  let closed: Promise<void> | undefined
  return () => (closed ??= close())
}

function unusable(path: string, error: unknown): SystemError {
  if (error instanceof SystemError) {
    return new SystemError(error.code, `"${path}": ${error.message}`, { hint: error.hint })
  }
  const text = `"${path}" cannot be used as Postern's database: ${messageOf(error)}`
  return new SystemError('database-unusable', text, {
    hint: 'check its owner, the free space and the file system; a damaged file can be moved away, then everybody signs in again',
    cause: error,
  })
}
