import { sql } from 'kysely'
import type { ExpressionBuilder, Kysely, SelectQueryBuilder } from 'kysely'
import type { Write, Writes } from './change-feed.ts'
import type { SessionFacts, SessionRecord, SessionStore, Stored, Voucher } from './store.ts'
import type { SessionRow, Tables } from './tables.ts'
import type { TokenKeys } from './token-keys.ts'
import { openTokens, sealTokens } from './token-rotation.ts'

/** What a session is without its tokens, which are far more bytes. */
export const facts = [
  'id',
  'user_id',
  'email',
  'email_verified',
  'name',
  'groups',
  'claims',
  'provider',
  'issuer',
  'issued_at_ms',
  'expires_at_ms',
  'refreshed_at_ms',
  'refresh_due_at_ms',
  'access_token_expires_at_ms',
  'device',
  'sid',
  'address',
  'client',
  'last_used_at_ms',
  'revision',
] as const satisfies readonly (keyof SessionRow)[]

/**
 * Sessions that one transaction ends: what waits for it waits some milliseconds.
 *
 * @limit none: the next transaction goes on with the others
 */
const maxEndedAtOnce = 500

/**
 * Sessions in a table. Every read is one statement, every write one transaction with the change that others
 * hear of. Tokens are encrypted on their way in, and decrypted only where they are asked for.
 */
export function createSessionTable(
  db: Kysely<Tables>,
  keys: TokenKeys,
  { write }: Writes,
): Omit<SessionStore, 'onEnded'> {
  const sessions = () => db.selectFrom('sessions')
  const isExpired = (nowMs: number) =>
    sessions().select('id').where('expires_at_ms', '<=', nowMs).limit(maxEndedAtOnce)
  return {
    async get(id) {
      const row = await sessions().selectAll().where('id', '=', id).executeTakeFirst()
      return row && toRecord(row, keys)
    },
    async getFacts(id) {
      const row = await sessions().select(facts).where('id', '=', id).executeTakeFirst()
      return row && toFacts(row)
    },
    add: (record) =>
      write(async (write) => {
        const revision = await write.draw()
        const row = { ...toRow(record, keys), last_used_at_ms: null, revision }
        await write.db.insertInto('sessions').values(row).execute()
        write.note({ revision, kind: 'session', id: record.id, change: 'added' })
        return revision
      }),
    update: (record, change) =>
      write(async (write) => {
        const revision = await write.draw()
        const { id, ...row } = toRow(record, keys)
        const { numUpdatedRows } = await write.db
          .updateTable('sessions')
          .set({ ...row, revision })
          .where('id', '=', id)
          .where('revision', '=', record.revision)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return undefined
        write.note({ revision, kind: 'session', id, change })
        return revision
      }),
    async markUsed(ids, atMs) {
      if (ids.length === 0) return
      const used = db.updateTable('sessions').set({ last_used_at_ms: atMs }).where('id', 'in', ids)
      await used
        .where((is) => is.or([is('last_used_at_ms', 'is', null), is('last_used_at_ms', '<', atMs)]))
        .execute()
    },
    remove: (id, reason, asOf) =>
      write(async (write) => {
        const revision = await write.draw()
        let query = write.db.deleteFrom('sessions').where('id', '=', id)
        if (asOf !== undefined) query = query.where('revision', '=', asOf)
        const gone = await query.executeTakeFirst()
        if (gone.numDeletedRows === 0n) return false
        write.note({ revision, kind: 'session', id, change: 'ended', reason })
        return true
      }),
    async list({ userId, email } = {}) {
      let query = sessions().select(facts)
      if (userId !== undefined) query = query.where('user_id', '=', userId)
      if (email !== undefined) query = query.where(sql`lower(email)`, '=', email.toLowerCase())
      const rows = await query.orderBy('issued_at_ms', 'desc').orderBy('id').execute()
      return rows.map(toFacts)
    },
    async listPage(maxRecords, after, { vouchers, nowMs, text } = {}) {
      let query = sessions().select(facts)
      if (vouchers !== undefined) query = query.where(isOfAny(vouchers))
      if (nowMs !== undefined) query = query.where('expires_at_ms', '>', nowMs)
      if (text !== undefined) query = query.where(holds(text))
      if (after !== undefined) {
        const { issuedAtMs, id } = after
        query = query
          .where('issued_at_ms', '<=', issuedAtMs)
          .where((is) => is.or([is('issued_at_ms', '<', issuedAtMs), is('id', '>', id)]))
      }
      const ordered = query.orderBy('issued_at_ms', 'desc').orderBy('id')
      return (await ordered.limit(maxRecords).execute()).map(toFacts)
    },
    async count(vouchers, nowMs, text) {
      const all = db
        .selectFrom('sessions')
        .select(({ fn }) => fn.countAll<number | bigint | string>().as('count'))
        .where(isOfAny(vouchers))
        .where('expires_at_ms', '>', nowMs)
      const those = text === undefined ? all : all.where(holds(text))
      return Number((await those.executeTakeFirstOrThrow()).count)
    },
    async listDue(provider, nowMs, maxRecords) {
      const rows = await sessions()
        .select(facts)
        .where('provider', '=', provider)
        .where('refresh_due_at_ms', '<=', nowMs)
        .where('expires_at_ms', '>', nowMs)
        .orderBy('refresh_due_at_ms')
        .limit(maxRecords)
        .execute()
      return rows.map(toFacts)
    },
    async removeExpired(nowMs) {
      const ended: string[] = []
      // Looked at first: a sweep that finds nothing writes nothing, and waits for no disk.
      while ((await isExpired(nowMs).executeTakeFirst()) !== undefined) {
        const batch = await write((write) => endExpired(write, isExpired(nowMs)))
        ended.push(...batch)
      }
      return ended
    },
  }
}

/** Whether one of these vouched for it; nobody has where there is none. */
function isOfAny(vouchers: readonly Voucher[]) {
  return ({ and, eb, or }: ExpressionBuilder<Tables, 'sessions'>) =>
    or(
      vouchers.map(({ provider, issuer }) =>
        and([eb('provider', '=', provider), eb('issuer', '=', issuer)]),
      ),
    )
}

/** Whether what people know a session by has this in it. */
function holds(text: string) {
  const pattern = `%${text.toLowerCase().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  const columns = ['name', 'email', 'user_id', 'device'] as const
  return ({ or }: ExpressionBuilder<Tables, 'sessions'>) =>
    or(
      columns.map(
        (column) => sql<boolean>`lower(${sql.ref(column)}) like ${pattern} escape ${'\\'}`,
      ),
    )
}

type ExpiredIds = SelectQueryBuilder<Tables, 'sessions', { id: string }>

async function endExpired(write: Write, expired: ExpiredIds): Promise<readonly string[]> {
  const first = await write.draw()
  const rows = await write.db
    .deleteFrom('sessions')
    .where('id', 'in', expired)
    .returning('id')
    .execute()
  if (rows.length > 1) await write.draw(rows.length - 1)
  for (const [index, { id }] of rows.entries()) {
    const revision = first + index
    write.note({ revision, kind: 'session', id, change: 'ended', reason: 'expired' })
  }
  return rows.map(({ id }) => id)
}

function toRow(
  record: SessionRecord,
  keys: TokenKeys,
): Omit<SessionRow, 'revision' | 'last_used_at_ms'> {
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
    provider: record.provider,
    issuer: record.issuer,
    issued_at_ms: record.issuedAtMs,
    expires_at_ms: record.expiresAtMs,
    refreshed_at_ms: record.refreshedAtMs,
    refresh_due_at_ms: record.refreshDueAtMs,
    ...sealTokens(keys, record.id, tokens),
    access_token_expires_at_ms: record.accessTokenExpiresAtMs ?? null,
    device: record.device ?? null,
    sid: record.sid ?? null,
    address: record.address ?? null,
    client: record.client ?? null,
  }
}

function toRecord(row: SessionRow, keys: TokenKeys): Stored<SessionRecord> {
  const { access_token: access, refresh_token: refresh, id_token: id } = openTokens(keys, row)
  return {
    ...toFacts(row),
    accessToken: access ?? undefined,
    refreshToken: refresh ?? undefined,
    idToken: id ?? undefined,
  }
}

export function toFacts(row: Pick<SessionRow, (typeof facts)[number]>): Stored<SessionFacts> {
  return {
    id: row.id,
    userId: row.user_id,
    email: row.email ?? undefined,
    emailVerified: row.email_verified === 1,
    name: row.name ?? undefined,
    groups: JSON.parse(row.groups) as string[],
    claims: JSON.parse(row.claims) as Record<string, unknown>,
    provider: row.provider,
    issuer: row.issuer,
    issuedAtMs: row.issued_at_ms,
    expiresAtMs: row.expires_at_ms,
    refreshedAtMs: row.refreshed_at_ms,
    refreshDueAtMs: row.refresh_due_at_ms,
    accessTokenExpiresAtMs: row.access_token_expires_at_ms ?? undefined,
    device: row.device ?? undefined,
    ...(row.sid !== null && { sid: row.sid }),
    address: row.address ?? undefined,
    client: row.client ?? undefined,
    lastUsedAtMs: row.last_used_at_ms ?? undefined,
    revision: row.revision,
  }
}
