import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { SessionFacts, SessionRecord, SessionStore } from './store.ts'
import type { SessionRow, Tables } from './tables.ts'
import type { TokenKeys } from './token-keys.ts'
import { openTokens, sealTokens } from './token-rotation.ts'

/** What a session is without its tokens, which are far more bytes. */
const facts = [
  'id',
  'user_id',
  'email',
  'email_verified',
  'name',
  'groups',
  'claims',
  'issuer',
  'issued_at_ms',
  'expires_at_ms',
  'refreshed_at_ms',
  'refresh_due_at_ms',
  'access_token_expires_at_ms',
  'device',
] as const satisfies readonly (keyof SessionRow)[]

/**
 * Sessions in a table. Every method is one statement: the SQLite driver has one connection, so a
 * transaction would take other callers' statements in. Tokens are encrypted on their way in, and decrypted
 * only where they are asked for.
 */
export function createSessionTable(db: Kysely<Tables>, keys: TokenKeys): SessionStore {
  const sessions = () => db.selectFrom('sessions')
  return {
    async get(id) {
      const row = await sessions().selectAll().where('id', '=', id).executeTakeFirst()
      return row && toRecord(row, keys)
    },
    async getFacts(id) {
      const row = await sessions().select(facts).where('id', '=', id).executeTakeFirst()
      return row && toFacts(row)
    },
    async add(record) {
      await db.insertInto('sessions').values(toRow(record, keys)).execute()
    },
    async update(record) {
      const { id, ...row } = toRow(record, keys)
      const result = await db
        .updateTable('sessions')
        .set(row)
        .where('id', '=', id)
        .executeTakeFirst()
      return result.numUpdatedRows > 0n
    },
    async remove(id) {
      const result = await db.deleteFrom('sessions').where('id', '=', id).executeTakeFirst()
      return result.numDeletedRows > 0n
    },
    async list({ userId, email } = {}) {
      let query = sessions().select(facts)
      if (userId !== undefined) query = query.where('user_id', '=', userId)
      if (email !== undefined) query = query.where(sql`lower(email)`, '=', email.toLowerCase())
      const rows = await query.orderBy('issued_at_ms', 'desc').orderBy('id').execute()
      return rows.map(toFacts)
    },
    async count(issuer, nowMs) {
      const { count } = await db
        .selectFrom('sessions')
        .select(({ fn }) => fn.countAll<number | bigint | string>().as('count'))
        .where('issuer', '=', issuer)
        .where('expires_at_ms', '>', nowMs)
        .executeTakeFirstOrThrow()
      return Number(count)
    },
    async listDue(nowMs, maxRecords) {
      const rows = await sessions()
        .select(facts)
        .where('refresh_due_at_ms', '<=', nowMs)
        .where('expires_at_ms', '>', nowMs)
        .orderBy('refresh_due_at_ms')
        .limit(maxRecords)
        .execute()
      return rows.map(toFacts)
    },
    async removeExpired(nowMs) {
      const rows = await db
        .deleteFrom('sessions')
        .where('expires_at_ms', '<=', nowMs)
        .returning('id')
        .execute()
      return rows.map(({ id }) => id)
    },
  }
}

function toRow(record: SessionRecord, keys: TokenKeys): SessionRow {
  const { accessToken = null, refreshToken = null, idToken = null } = record
  const tokens = { access_token: accessToken, refresh_token: refreshToken, id_token: idToken }
  return {
    id: record.id,
    user_id: record.userId,
    email: record.email ?? null,
    email_verified: record.emailVerified ? 1 : 0,
    name: record.name ?? null,
    groups: JSON.stringify(record.groups),
    claims: JSON.stringify(record.claims),
    issuer: record.issuer,
    issued_at_ms: record.issuedAtMs,
    expires_at_ms: record.expiresAtMs,
    refreshed_at_ms: record.refreshedAtMs,
    refresh_due_at_ms: record.refreshDueAtMs,
    ...sealTokens(keys, record.id, tokens),
    access_token_expires_at_ms: record.accessTokenExpiresAtMs ?? null,
    device: record.device ?? null,
  }
}

function toRecord(row: SessionRow, keys: TokenKeys): SessionRecord {
  const { access_token: access, refresh_token: refresh, id_token: id } = openTokens(keys, row)
  return {
    ...toFacts(row),
    accessToken: access ?? undefined,
    refreshToken: refresh ?? undefined,
    idToken: id ?? undefined,
  }
}

function toFacts(row: Pick<SessionRow, (typeof facts)[number]>): SessionFacts {
  return {
    id: row.id,
    userId: row.user_id,
    email: row.email ?? undefined,
    emailVerified: row.email_verified === 1,
    name: row.name ?? undefined,
    groups: JSON.parse(row.groups) as string[],
    claims: JSON.parse(row.claims) as Record<string, unknown>,
    issuer: row.issuer,
    issuedAtMs: row.issued_at_ms,
    expiresAtMs: row.expires_at_ms,
    refreshedAtMs: row.refreshed_at_ms,
    refreshDueAtMs: row.refresh_due_at_ms,
    accessTokenExpiresAtMs: row.access_token_expires_at_ms ?? undefined,
    device: row.device ?? undefined,
  }
}
