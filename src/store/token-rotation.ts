import { sql, type Kysely } from 'kysely'
import { SystemError } from '../errors.ts'
import type { MovedBatch } from './store.ts'
import type { SessionRow, Tables } from './tables.ts'
import type { TokenKeys } from './token-keys.ts'

const columns = ['access_token', 'refresh_token', 'id_token'] as const
type TokenColumns = Pick<SessionRow, (typeof columns)[number]>
type Row = TokenColumns & Pick<SessionRow, 'id' | 'token_key'>

/**
 * Rows that are encrypted anew by one statement, so that each batch is whole whenever it is interrupted and
 * waits for the disk once. Whoever signs in waits for it: few enough for some milliseconds.
 */
const rowsPerBatch = 25

/** Encrypts the tokens of one row with the current key. */
export function sealTokens(
  keys: TokenKeys,
  rowId: string,
  tokens: TokenColumns,
): TokenColumns & Pick<SessionRow, 'token_key'> {
  const seal = (column: keyof TokenColumns): string | null => {
    const text = tokens[column]
    return text === null ? null : keys.seal(text, { rowId, column })
  }
  return {
    access_token: seal('access_token'),
    refresh_token: seal('refresh_token'),
    id_token: seal('id_token'),
    token_key: keys.currentId(),
  }
}

/** Reads them; rows of a release that encrypted nothing name no key. */
export function openTokens(keys: TokenKeys, row: Row): TokenColumns {
  const { id: rowId, token_key: keyId } = row
  const open = (column: keyof TokenColumns): string | null => {
    const text = row[column]
    return text === null || keyId === null ? text : keys.open(text, { keyId, rowId, column })
  }
  return {
    access_token: open('access_token'),
    refresh_token: open('refresh_token'),
    id_token: open('id_token'),
  }
}

/** Whether rows are not encrypted with the current key. */
export async function hasFormer(db: Kysely<Tables>, keys: TokenKeys): Promise<boolean> {
  const query = db.selectFrom('sessions').select('id').where(isFormer(keys)).limit(1)
  return (await query.executeTakeFirst()) !== undefined
}

/** Encrypts what a release before this one left plain. */
export async function encryptPlain(db: Kysely<Tables>, keys: TokenKeys): Promise<void> {
  for (;;) {
    const rows = await db
      .selectFrom('sessions')
      .select(['id', 'token_key', ...columns])
      .where('token_key', 'is', null)
      .limit(rowsPerBatch)
      .execute()
    if (rows.length === 0) return
    const changes = rows.map((row) => ({ row, tokens: row }))
    await replace(db, keys, changes)
  }
}

/**
 * Encrypts some rows with the current key that are not, in the order of their ids. A row that somebody
 * writes meanwhile stays as it was written: it has the current key by that.
 */
export async function moveBatch(
  db: Kysely<Tables>,
  keys: TokenKeys,
  afterId: string,
): Promise<MovedBatch> {
  const rows = await db
    .selectFrom('sessions')
    .select(['id', 'token_key', ...columns])
    .where(isFormer(keys))
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(rowsPerBatch)
    .execute()
  const opened = rows.map((row) => ({ row, tokens: openIfWhole(keys, row) }))
  const whole = opened.flatMap(({ row, tokens }) => (tokens === undefined ? [] : [{ row, tokens }]))
  const unreadable = opened.filter(({ tokens }) => tokens === undefined).map(({ row }) => row.id)
  if (whole.length > 0) await replace(db, keys, whole)
  const next = rows.length < rowsPerBatch ? undefined : rows.at(-1)?.id
  return { moved: whole.length, unreadable, next }
}

async function replace(
  db: Kysely<Tables>,
  keys: TokenKeys,
  changes: readonly { readonly row: Row; readonly tokens: TokenColumns }[],
): Promise<void> {
  const values = changes.map(({ row, tokens }) => {
    const next = sealTokens(keys, row.id, tokens)
    const before = [row.token_key, row.access_token, row.refresh_token, row.id_token]
    const after = [next.token_key, next.access_token, next.refresh_token, next.id_token]
    return sql`(${sql.join([row.id, ...before, ...after])})`
  })
  await sql`
    update sessions set
      token_key = moved.column6, access_token = moved.column7,
      refresh_token = moved.column8, id_token = moved.column9
    from (values ${sql.join(values)}) as moved
    where sessions.id = moved.column1
      and sessions.token_key is not distinct from moved.column2
      and sessions.access_token is not distinct from moved.column3
      and sessions.refresh_token is not distinct from moved.column4
      and sessions.id_token is not distinct from moved.column5
  `.execute(db)
}

function openIfWhole(keys: TokenKeys, row: Row): TokenColumns | undefined {
  try {
    return openTokens(keys, row)
  } catch (error) {
    if (error instanceof SystemError) return undefined
    throw error
  }
}

function isFormer(keys: TokenKeys) {
  return sql<boolean>`token_key is distinct from ${keys.currentId()}`
}
