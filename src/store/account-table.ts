import type { Kysely } from 'kysely'
import type { AccountRecord, AccountStore } from './account-store.ts'
import type { Write, Writes } from './change-feed.ts'
import { createPasskeyTable, insertPasskey, isPasskeyTaken } from './passkey-table.ts'
import type { Change } from './store.ts'
import type { Stored } from './stored.ts'
import type { AccountRow, Tables } from './tables.ts'

/** Accounts in a table. Every write is one transaction with its change. */
export function createAccountTable(db: Kysely<Tables>, writes: Writes): AccountStore {
  const { write } = writes
  const find = async (
    column: 'id' | 'email_key' | 'invitation_hash',
    value: string,
  ): Promise<Stored<AccountRecord> | undefined> => {
    const all = db.selectFrom('accounts').selectAll()
    const row = await all.where(column, '=', value).executeTakeFirst()
    return row && toRecord(row)
  }
  return {
    ...createPasskeyTable(db, writes),
    get: (id) => find('id', id),
    findByEmail: (emailKey) => find('email_key', emailKey),
    findByInvitation: (hash) => find('invitation_hash', hash),
    async list() {
      const all = db.selectFrom('accounts').selectAll()
      return (await all.orderBy('email_key').execute()).map(toRecord)
    },
    add: (record, maxRecords) =>
      write(async (write) => {
        const revision = await write.draw()
        const known = await write.db.selectFrom('accounts').select('email_key').execute()
        if (known.some(({ email_key: key }) => key === record.emailKey)) return 'email-taken'
        if (known.length >= maxRecords) return 'full'
        await write.db
          .insertInto('accounts')
          .values({ ...toRow(record), revision })
          .execute()
        write.note(changeOf(record.id, revision, 'added'))
        return 'added'
      }),
    update: (record, removesPasskeys = false) =>
      write(async (write) => {
        if (!(await replace(write, record, await write.draw()))) return false
        if (removesPasskeys)
          await write.db.deleteFrom('passkeys').where('account_id', '=', record.id).execute()
        return true
      }),
    remove: (id) =>
      write(async (write) => {
        const revision = await write.draw()
        const gone = await write.db.deleteFrom('accounts').where('id', '=', id).executeTakeFirst()
        if (gone.numDeletedRows === 0n) return false
        await write.db.deleteFrom('passkeys').where('account_id', '=', id).execute()
        write.note(changeOf(id, revision, 'ended'))
        return true
      }),
    accept: (record, passkey) =>
      write(async (write) => {
        const revision = await write.draw()
        if (await isPasskeyTaken(write, passkey.id)) return 'passkey-taken'
        if (!(await replace(write, record, revision))) return 'changed'
        await insertPasskey(write, passkey)
        return 'accepted'
      }),
  }
}

/** Writes one that is still as it was read, and says so. */
async function replace(
  write: Write,
  record: Stored<AccountRecord>,
  revision: number,
): Promise<boolean> {
  const { id, ...row } = toRow(record)
  const { numUpdatedRows } = await write.db
    .updateTable('accounts')
    .set({ ...row, revision })
    .where('id', '=', id)
    .where('revision', '=', record.revision)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return false
  write.note(changeOf(id, revision, 'changed'))
  return true
}

function changeOf(id: string, revision: number, change: Change['change']): Change {
  return { revision, kind: 'account', id, change }
}

function toRow(record: AccountRecord): Omit<AccountRow, 'revision'> {
  const { invitation } = record
  return {
    id: record.id,
    email: record.email,
    email_key: record.emailKey,
    name: record.name,
    groups: JSON.stringify(record.groups),
    created_by: record.createdBy,
    created_at_ms: record.createdAtMs,
    disabled_at_ms: record.disabledAtMs ?? null,
    generation: record.generation,
    invitation_hash: invitation?.hash ?? null,
    invited_by: invitation?.by ?? null,
    invitation_expires_at_ms: invitation?.expiresAtMs ?? null,
  }
}

function toRecord(row: AccountRow): Stored<AccountRecord> {
  const { invitation_hash: hash, invited_by: by, invitation_expires_at_ms: expiresAtMs } = row
  return {
    id: row.id,
    email: row.email,
    emailKey: row.email_key,
    name: row.name,
    groups: JSON.parse(row.groups) as readonly string[],
    createdBy: row.created_by,
    createdAtMs: row.created_at_ms,
    disabledAtMs: row.disabled_at_ms ?? undefined,
    generation: row.generation,
    invitation: hash === null ? undefined : { hash, by: by ?? '', expiresAtMs: expiresAtMs ?? 0 },
    revision: row.revision,
  }
}
