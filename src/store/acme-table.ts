import type { Kysely } from 'kysely'
import type { AcmeRecord, AcmeStore } from './acme-store.ts'
import type { Writes } from './change-feed.ts'
import type { AcmeRow, Tables } from './tables.ts'
import type { TokenKeys } from './token-keys.ts'

const column = 'private_key'

/** Accounts, certificates and challenges in a table; a private key opens in its own row only. */
export function createAcmeTable(db: Kysely<Tables>, keys: TokenKeys, { write }: Writes): AcmeStore {
  return {
    async list() {
      const rows = await db.selectFrom('acme_records').selectAll().orderBy('name').execute()
      return rows.map((row) => toRecord(row, keys)).filter((record) => record !== undefined)
    },
    async get(kind, name) {
      const rows = db.selectFrom('acme_records').selectAll()
      const row = await rows.where('kind', '=', kind).where('name', '=', name).executeTakeFirst()
      return row && toRecord(row, keys)
    },
    put: (record) =>
      write(async (write) => {
        const revision = await write.draw()
        const { kind, name, ...rest } = toRow(record, keys)
        await write.db
          .insertInto('acme_records')
          .values({ kind, name, ...rest })
          .onConflict((conflict) => conflict.columns(['kind', 'name']).doUpdateSet(rest))
          .execute()
        write.note({ revision, kind: 'acme-record', id: idOf(record), change: 'changed' })
      }),
    remove: (kind, name) =>
      write(async (write) => {
        const revision = await write.draw()
        const { numDeletedRows } = await write.db
          .deleteFrom('acme_records')
          .where('kind', '=', kind)
          .where('name', '=', name)
          .executeTakeFirst()
        if (numDeletedRows === 0n) return false
        write.note({ revision, kind: 'acme-record', id: idOf({ kind, name }), change: 'ended' })
        return true
      }),
  }
}

function idOf({ kind, name }: Pick<AcmeRecord, 'kind' | 'name'>): string {
  return `${kind}/${name}`
}

function toRow({ privateKey, ...record }: AcmeRecord, keys: TokenKeys): AcmeRow {
  const sealed =
    privateKey === undefined ? null : keys.seal(privateKey, { rowId: idOf(record), column })
  return {
    kind: record.kind,
    name: record.name,
    text: record.text,
    token_key: sealed === null ? null : keys.currentId(),
    private_key: sealed,
    changed_at_ms: record.changedAtMs,
  }
}

/** Undefined where no secret of now reads its private key. */
function toRecord(row: AcmeRow, keys: TokenKeys): AcmeRecord | undefined {
  const privateKey = openKey(row, keys)
  if (privateKey === undefined && row.private_key !== null) return undefined
  const { kind, name, text, changed_at_ms: changedAtMs } = row
  return { kind, name, text, privateKey, changedAtMs }
}

function openKey(row: AcmeRow, keys: TokenKeys): string | undefined {
  const { token_key: keyId, private_key: sealed } = row
  if (sealed === null || keyId === null) return undefined
  try {
    return keys.open(sealed, { keyId, rowId: idOf(row), column })
  } catch {
    // What an authority gave is asked of it again; an account that is lost is made again.
    return undefined
  }
}

/** Encrypts with the current key of the store what is not, and removes what cannot be read. */
export async function moveAcmeRecords(db: Kysely<Tables>, keys: TokenKeys): Promise<void> {
  const former = db.selectFrom('acme_records').selectAll()
  const rows = await former.where('token_key', '!=', keys.currentId()).execute()
  for (const row of rows) {
    const record = toRecord(row, keys)
    const same = [row.kind, row.name, row.private_key] as const
    if (record === undefined) {
      await db
        .deleteFrom('acme_records')
        .where('kind', '=', same[0])
        .where('name', '=', same[1])
        .where('private_key', '=', same[2])
        .execute()
      continue
    }
    const { token_key, private_key } = toRow(record, keys)
    await db
      .updateTable('acme_records')
      .set({ token_key, private_key })
      .where('kind', '=', same[0])
      .where('name', '=', same[1])
      .where('private_key', '=', same[2])
      .execute()
  }
}

/** Names of the keys of the store that encrypt private keys here. */
export async function acmeKeyUses(db: Kysely<Tables>): Promise<ReadonlySet<string>> {
  const rows = await db.selectFrom('acme_records').select('token_key').distinct().execute()
  return new Set(rows.flatMap(({ token_key: id }) => id ?? []))
}
