import type { Kysely } from 'kysely'
import type { Writes } from './change-feed.ts'
import type { SigningKeyRecord, SigningKeyStore } from './publish-store.ts'
import type { SigningKeyRow, Tables } from './tables.ts'
import type { TokenKeys } from './token-keys.ts'

const column = 'private_key'

/** The gateway's own key pairs; a private part opens in its own row only. */
export function createSigningKeyTable(
  db: Kysely<Tables>,
  keys: TokenKeys,
  { write }: Writes,
): SigningKeyStore {
  return {
    async list(purpose) {
      const rows = await db
        .selectFrom('signing_keys')
        .selectAll()
        .where('purpose', '=', purpose)
        .orderBy((is) => is('retired_at_ms', 'is not', null))
        .orderBy('created_at_ms', 'desc')
        .orderBy('kid')
        .execute()
      return rows.map((row) => toRecord(row, keys))
    },
    add: (record, replaces) =>
      write(async (write) => {
        const revision = await write.draw()
        if (!(await makeCurrent(write.db, record, replaces, keys))) return false
        write.note({ revision, kind: 'signing-key', id: record.kid, change: 'added' })
        return true
      }),
    removeRetired: (purpose) =>
      write(async (write) => {
        const first = await write.draw()
        const rows = await write.db
          .deleteFrom('signing_keys')
          .where('purpose', '=', purpose)
          .where('retired_at_ms', 'is not', null)
          .returning('kid')
          .execute()
        if (rows.length > 1) await write.draw(rows.length - 1)
        for (const [index, { kid: id }] of rows.entries())
          write.note({ revision: first + index, kind: 'signing-key', id, change: 'ended' })
        return rows.map(({ kid }) => kid)
      }),
  }
}

async function makeCurrent(
  db: Kysely<Tables>,
  record: SigningKeyRecord,
  replaces: string | undefined,
  keys: TokenKeys,
): Promise<boolean> {
  const { kid, purpose, createdAtMs } = record
  const { numUpdatedRows } = await db
    .updateTable('signing_keys')
    .set({ retired_at_ms: createdAtMs })
    .where('purpose', '=', purpose)
    .where('retired_at_ms', 'is', null)
    .where('kid', '=', replaces ?? '')
    .executeTakeFirst()
  if (replaces !== undefined && numUpdatedRows === 0n) return false
  const current = db.selectFrom('signing_keys').select('kid').where('purpose', '=', purpose)
  const others = await current.where('retired_at_ms', 'is', null).execute()
  if (others.length > 0) return false
  const row: SigningKeyRow = {
    kid,
    purpose,
    token_key: keys.currentId(),
    private_key: keys.seal(record.privateKey, { rowId: kid, column }),
    public_key: record.publicKey,
    created_at_ms: createdAtMs,
    retired_at_ms: null,
  }
  await db.insertInto('signing_keys').values(row).execute()
  return true
}

function toRecord(row: SigningKeyRow, keys: TokenKeys): SigningKeyRecord {
  return {
    kid: row.kid,
    purpose: row.purpose,
    privateKey: openKey(row, keys),
    publicKey: row.public_key,
    createdAtMs: row.created_at_ms,
    retiredAtMs: row.retired_at_ms ?? undefined,
  }
}

function openKey(
  { kid, token_key: keyId, private_key: sealed }: SigningKeyRow,
  keys: TokenKeys,
): string {
  return keys.open(sealed, { keyId, rowId: kid, column })
}

/**
 * Encrypts with the current key of the store whatever signing key is not. There are few of them, so that one
 * step of a rotation takes them all.
 */
export async function moveSigningKeys(db: Kysely<Tables>, keys: TokenKeys): Promise<void> {
  const former = db.selectFrom('signing_keys').selectAll()
  const rows = await former.where('token_key', '!=', keys.currentId()).execute()
  for (const row of rows) {
    await db
      .updateTable('signing_keys')
      .set({
        token_key: keys.currentId(),
        private_key: keys.seal(openKey(row, keys), { rowId: row.kid, column }),
      })
      .where('kid', '=', row.kid)
      .where('private_key', '=', row.private_key)
      .execute()
  }
}

/** Names of the keys of the store that encrypt signing keys. */
export async function signingKeyUses(db: Kysely<Tables>): Promise<ReadonlySet<string>> {
  const rows = await db.selectFrom('signing_keys').select('token_key').distinct().execute()
  return new Set(rows.map((row) => row.token_key))
}

/** Whether some are not encrypted with the current key. */
export async function hasFormerSigningKeys(db: Kysely<Tables>, keys: TokenKeys): Promise<boolean> {
  const uses = await signingKeyUses(db)
  return [...uses].some((id) => id !== keys.currentId())
}
