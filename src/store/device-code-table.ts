import type { Kysely } from 'kysely'
import type { DeviceCodeRecord, DeviceCodeState, DeviceCodeStore } from './store.ts'
import type { DeviceCodeRow, Tables } from './tables.ts'

/** Device codes in a table. Every step is one statement that names the states it starts from. */
export function createDeviceCodeTable(db: Kysely<Tables>): DeviceCodeStore {
  const live = (nowMs: number) =>
    db.selectFrom('device_codes').selectAll().where('expires_at_ms', '>', nowMs)

  const step = (secretHash: string, nowMs: number, to: Partial<DeviceCodeRow>) =>
    db
      .updateTable('device_codes')
      .set(to)
      .where('secret_hash', '=', secretHash)
      .where('expires_at_ms', '>', nowMs)

  return {
    async add(record) {
      const result = await db
        .insertInto('device_codes')
        .values(toRow(record))
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      return (result.numInsertedOrUpdatedRows ?? 0n) > 0n
    },
    async findByUserCode(userCode, nowMs) {
      const row = await live(nowMs).where('user_code', '=', userCode).executeTakeFirst()
      return row && toRecord(row)
    },
    async findBySecretHash(secretHash, nowMs) {
      const row = await live(nowMs).where('secret_hash', '=', secretHash).executeTakeFirst()
      return row && toRecord(row)
    },
    async approve(secretHash, userId, nowMs) {
      const result = await step(secretHash, nowMs, { state: 'approved', user_id: userId })
        .where((is) =>
          is.or([
            is('state', '=', 'pending'),
            is.and([is('state', '=', 'approved'), is('user_id', '=', userId)]),
          ]),
        )
        .executeTakeFirst()
      return result.numUpdatedRows > 0n
    },
    async deny(secretHash, nowMs) {
      const open: readonly DeviceCodeState[] = ['pending', 'approved']
      const result = await step(secretHash, nowMs, { state: 'denied' })
        .where('state', 'in', open)
        .executeTakeFirst()
      return result.numUpdatedRows > 0n
    },
    async attach(secretHash, { userId, sessionId, site = null }, nowMs) {
      const result = await step(secretHash, nowMs, {
        state: 'signed-in',
        session_id: sessionId,
        site,
      })
        .where('state', '=', 'approved')
        .where('user_id', '=', userId)
        .executeTakeFirst()
      return result.numUpdatedRows > 0n
    },
    async take(secretHash, nowMs) {
      const row = await db
        .deleteFrom('device_codes')
        .where('secret_hash', '=', secretHash)
        .where('state', '=', 'signed-in')
        .where('expires_at_ms', '>', nowMs)
        .returningAll()
        .executeTakeFirst()
      return row && toRecord(row)
    },
    async count(nowMs) {
      const { count } = await db
        .selectFrom('device_codes')
        .select(({ fn }) => fn.countAll<number | bigint | string>().as('count'))
        .where('state', '!=', 'denied')
        .where('expires_at_ms', '>', nowMs)
        .executeTakeFirstOrThrow()
      return Number(count)
    },
    async removeExpired(nowMs) {
      const rows = await db
        .deleteFrom('device_codes')
        .where('expires_at_ms', '<=', nowMs)
        .returning(['session_id', 'public_key'])
        .execute()
      // A publisher's is that of the person who approved, and goes on.
      const made = rows.filter(({ public_key: publicKey }) => publicKey === null)
      return made.flatMap(({ session_id: sessionId }) => sessionId ?? [])
    },
  }
}

function toRow(record: DeviceCodeRecord): DeviceCodeRow {
  return {
    secret_hash: record.secretHash,
    user_code: record.userCode,
    host: record.host,
    command: record.command,
    address: record.address,
    created_at_ms: record.createdAtMs,
    expires_at_ms: record.expiresAtMs,
    state: record.state,
    user_id: record.userId ?? null,
    session_id: record.sessionId ?? null,
    public_key: record.publicKey ?? null,
    site: record.site ?? null,
  }
}

function toRecord(row: DeviceCodeRow): DeviceCodeRecord {
  return {
    secretHash: row.secret_hash,
    userCode: row.user_code,
    host: row.host,
    command: row.command,
    address: row.address,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
    state: row.state,
    userId: row.user_id ?? undefined,
    sessionId: row.session_id ?? undefined,
    ...(row.public_key !== null && { publicKey: row.public_key }),
    ...(row.site !== null && { site: row.site }),
  }
}
