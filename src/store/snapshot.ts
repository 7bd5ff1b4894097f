import { DatabaseSync } from 'node:sqlite'
import { SystemError, messageOf } from '../errors.ts'
import { migrationNames } from './migrations.ts'

/** What a database is, seen from outside. */
export interface DatabaseFacts {
  /** The newest change of the tables that was made to it; undefined for a database of nobody. */
  readonly newestMigration: string | undefined
  /** Whether a later release wrote it. */
  readonly isTooNew: boolean
  /** What SQLite finds broken; empty where it is whole. */
  readonly damage: readonly string[]
  readonly sessions: number
}

/**
 * Copies a database as it is at this moment, whoever writes to it meanwhile (https://sqlite.org/lang_vacuum.html#vacuuminto).
 * The copy must not be there yet.
 *
 * @throws SystemError `database-unusable`
 */
export function snapshotDatabase(from: string, to: string): void {
  inDatabase(from, { readOnly: true }, (database) => database.prepare('VACUUM INTO ?').run(to))
}

/**
 * Looks at a database that nobody writes to.
 *
 * @throws SystemError `database-unusable` where it is none
 */
export function inspectDatabase(path: string): DatabaseFacts {
  return inDatabase(path, { readOnly: true }, (database) => {
    const rows = (sql: string): readonly Record<string, unknown>[] => database.prepare(sql).all()
    const isThere = (table: string): boolean =>
      rows(`select name from sqlite_master where type = 'table' and name = '${table}'`).length > 0
    const names = isThere('kysely_migration')
      ? rows('select name from kysely_migration order by name').map(({ name }) => String(name))
      : []
    const checked = rows('PRAGMA integrity_check').map((row) => String(row['integrity_check']))
    return {
      newestMigration: names.at(-1),
      isTooNew: names.some((name) => !migrationNames.includes(name)),
      damage: checked.filter((line) => line !== 'ok'),
      sessions: isThere('sessions') ? Number(rows('select count(*) n from sessions')[0]?.['n']) : 0,
    }
  })
}

/** Ends every sign-in, and forgets those under way, in a database that nobody has open. Answers how many sessions. */
export function endSessions(path: string): number {
  return inDatabase(path, {}, (database) => {
    database.exec('PRAGMA secure_delete = ON')
    for (const table of ['codes', 'device_codes']) database.exec(`delete from ${table}`)
    return Number(database.prepare('delete from sessions').run().changes)
  })
}

function inDatabase<T>(
  path: string,
  options: { readonly readOnly?: boolean },
  use: (database: DatabaseSync) => T,
): T {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: busyTimeoutMs, ...options })
    return use(database)
  } catch (error) {
    const text = `"${path}" cannot be used as Postern's database: ${messageOf(error)}`
    throw new SystemError('database-unusable', text, { cause: error })
  } finally {
    database?.close()
  }
}

/** @limit time that a copy of the database waits for whoever writes to it: the backup fails, and leaves nothing */
const busyTimeoutMs = 30_000
