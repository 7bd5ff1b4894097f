import { randomBytes } from 'node:crypto'
import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue } from 'node:sqlite'
import { Kysely, SqliteDialect } from 'kysely'
import type { SqliteDatabase } from 'kysely'
import { SystemError, messageOf } from '../errors.ts'
import { createChangeFeed } from './change-feed.ts'
import { createCodeTable } from './code-table.ts'
import { createDeviceCodeTable } from './device-code-table.ts'
import { createLeaseTable } from './lease-table.ts'
import { migrate } from './migrations.ts'
import { createServiceAccountTable } from './service-account-table.ts'
import { createSessionTable } from './session-table.ts'
import { createTokenKeyTable } from './token-key-table.ts'
import { discardUnreadable, openTokenKeys } from './token-keys.ts'
import type { TokenSecret } from './token-cipher.ts'
import { encryptPlain } from './token-rotation.ts'
import type { Store } from './store.ts'
import type { Tables } from './tables.ts'

/** @limit time to wait for the database: 503, the sign-in is kept */
const busyTimeoutMs = 5000

/**
 * Opens the embedded store at a path (made 0600 when it is not there) or `:memory:`, and brings its
 * tables up to date. The first secret encrypts tokens, the others read those of before.
 *
 * Throws `SystemError` that names the file: `database-unusable` when it cannot be opened or is not a
 * database, `database-too-new` when a later release wrote it, `token-key-missing`.
 */
export async function openSqliteStore(
  path: string,
  secrets: TokenSecrets = forMemory(path),
): Promise<Store> {
  return open(path, async (database, db) => {
    const keys = await openTokenKeys(db, secrets, Date.now())
    await encryptPlain(db, keys)
    // What was plain is in the write-ahead log as well until that is emptied: now, or at the start after a
    // kill just before this line.
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    const writes = createChangeFeed(db)
    return {
      sessions: createSessionTable(db, keys, writes),
      tokenKeys: createTokenKeyTable(db, keys),
      codes: createCodeTable(db),
      deviceCodes: createDeviceCodeTable(db),
      serviceAccounts: createServiceAccountTable(db, writes),
      feed: writes.feed,
      leases: createLeaseTable(db),
      close: closeOnce(() => db.destroy()),
    }
  })
}

/**
 * Ends every session whose tokens none of these secrets reads, in a database that nobody has open; answers how
 * many. Throws as `openSqliteStore`.
 */
export function discardUnreadableSessions(path: string, secrets: TokenSecrets): Promise<number> {
  return open(path, async (_, db) => {
    const count = await discardUnreadable(db, secrets)
    await db.destroy()
    return count
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

export type TokenSecrets = readonly [TokenSecret, ...TokenSecret[]]

/** A database in memory is read by nobody else; a file needs a secret that outlives the process. */
function forMemory(path: string): TokenSecrets {
  if (path !== ':memory:') throw new RangeError('a database in a file needs secrets for its tokens')
  return [{ setting: 'shared_secret', bytes: randomBytes(32) }]
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
