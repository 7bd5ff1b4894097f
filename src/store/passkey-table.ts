import type { Kysely } from 'kysely'
import type { AccountStore, PasskeyRecord } from './account-store.ts'
import type { Write, Writes } from './change-feed.ts'
import type { PasskeyRow, Tables } from './tables.ts'

type PasskeyStore = Pick<
  AccountStore,
  | 'passkeysOf'
  | 'getPasskey'
  | 'countPasskeysNotOf'
  | 'addPasskey'
  | 'renamePasskey'
  | 'removePasskey'
  | 'usePasskey'
>

/** Passkeys in a table. What changes of them is a change of their account that keeps who its person is. */
export function createPasskeyTable(db: Kysely<Tables>, { write }: Writes): PasskeyStore {
  return {
    async passkeysOf(accountId) {
      const all = db.selectFrom('passkeys').selectAll().where('account_id', '=', accountId)
      return (await all.orderBy('created_at_ms').orderBy('id').execute()).map(toRecord)
    },
    async getPasskey(id) {
      const all = db.selectFrom('passkeys').selectAll()
      const row = await all.where('id', '=', id).executeTakeFirst()
      return row && toRecord(row)
    },
    async countPasskeysNotOf(rpId) {
      const all = db.selectFrom('passkeys').select(({ fn }) => fn.countAll<number>().as('count'))
      const { count } = await all.where('rp_id', '!=', rpId).executeTakeFirstOrThrow()
      return count
    },
    addPasskey: (passkey, generation, maxPerAccount) =>
      write(async (write) => {
        const note = await drawFor(write, passkey.accountId)
        const account = await write.db
          .selectFrom('accounts')
          .select('id')
          .where('id', '=', passkey.accountId)
          .where('generation', '=', generation)
          .where('disabled_at_ms', 'is', null)
          .executeTakeFirst()
        if (account === undefined) return 'account-gone'
        if (await isPasskeyTaken(write, passkey.id)) return 'taken'
        if ((await idsOf(write, passkey.accountId)).length >= maxPerAccount) return 'full'
        await insertPasskey(write, passkey)
        note()
        return 'added'
      }),
    renamePasskey: (accountId, id, name) =>
      write(async (write) => {
        const note = await drawFor(write, accountId)
        const { numUpdatedRows } = await write.db
          .updateTable('passkeys')
          .set({ name })
          .where('id', '=', id)
          .where('account_id', '=', accountId)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return false
        note()
        return true
      }),
    removePasskey: (accountId, id) =>
      write(async (write) => {
        const note = await drawFor(write, accountId)
        const ids = await idsOf(write, accountId)
        if (!ids.includes(id)) return 'not-found'
        if (ids.length === 1) return 'last'
        await write.db.deleteFrom('passkeys').where('id', '=', id).execute()
        note()
        return 'removed'
      }),
    usePasskey: (use) =>
      write(async (write) => {
        const note = await drawFor(write, use.accountId)
        const known = await write.db
          .selectFrom('passkeys')
          .innerJoin('accounts', 'accounts.id', 'passkeys.account_id')
          .select('passkeys.counter')
          .where('passkeys.id', '=', use.id)
          .where('passkeys.account_id', '=', use.accountId)
          .where('accounts.disabled_at_ms', 'is', null)
          .executeTakeFirst()
        if (known === undefined) return 'gone'
        if (hasNotCounted(known.counter, use.counter)) return 'counter'
        const challenges = write.db.deleteFrom('passkey_challenges')
        await challenges.where('expires_at_ms', '<=', use.atMs).execute()
        const { numInsertedOrUpdatedRows: inserted } = await write.db
          .insertInto('passkey_challenges')
          .values({ challenge: use.challenge, expires_at_ms: use.challengeExpiresAtMs })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst()
        if (inserted !== 1n) return 'replayed'
        await write.db
          .updateTable('passkeys')
          .set({
            counter: use.counter,
            is_backed_up: use.isBackedUp ? 1 : 0,
            last_used_at_ms: use.atMs,
          })
          .where('id', '=', use.id)
          .execute()
        note()
        return 'used'
      }),
  }
}

/** Two copies of a passkey count each for itself (WebAuthn §6.1.1); those that do not count say 0. */
function hasNotCounted(before: number, now: number): boolean {
  return (before > 0 || now > 0) && now <= before
}

export async function isPasskeyTaken(write: Write, id: string): Promise<boolean> {
  const all = write.db.selectFrom('passkeys').select('id')
  return (await all.where('id', '=', id).executeTakeFirst()) !== undefined
}

export async function insertPasskey(write: Write, record: PasskeyRecord): Promise<void> {
  await write.db.insertInto('passkeys').values(toRow(record)).execute()
}

async function drawFor(write: Write, accountId: string): Promise<() => void> {
  const revision = await write.draw()
  return () => write.note({ revision, kind: 'account', id: accountId, change: 'kept' })
}

async function idsOf(write: Write, accountId: string): Promise<readonly string[]> {
  const all = write.db.selectFrom('passkeys').select('id')
  return (await all.where('account_id', '=', accountId).execute()).map(({ id }) => id)
}

function toRow(record: PasskeyRecord): PasskeyRow {
  return {
    id: record.id,
    account_id: record.accountId,
    public_key: record.publicKey,
    counter: record.counter,
    transports: JSON.stringify(record.transports),
    rp_id: record.rpId,
    name: record.name,
    is_backed_up: record.isBackedUp ? 1 : 0,
    created_at_ms: record.createdAtMs,
    last_used_at_ms: record.lastUsedAtMs ?? null,
  }
}

function toRecord(row: PasskeyRow): PasskeyRecord {
  return {
    id: row.id,
    accountId: row.account_id,
    publicKey: row.public_key,
    counter: row.counter,
    transports: JSON.parse(row.transports) as readonly string[],
    rpId: row.rp_id,
    name: row.name,
    isBackedUp: row.is_backed_up === 1,
    createdAtMs: row.created_at_ms,
    lastUsedAtMs: row.last_used_at_ms ?? undefined,
  }
}
