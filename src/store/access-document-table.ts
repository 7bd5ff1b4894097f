import type { Kysely } from 'kysely'
import type {
  AccessDocumentRecord,
  AccessDocumentStore,
  DocumentAuthor,
  DocumentForm,
  DocumentHistoryEntry,
  DocumentLimits,
  DocumentOutcome,
  DocumentWrite,
} from './access-document-store.ts'
import type { Write, Writes } from './change-feed.ts'
import type { Stored } from './stored.ts'
import type { AccessDocumentRow, AccessHistoryRow, Tables } from './tables.ts'

/** Documents in a table, their history in another. A write is one transaction, however many it changes. */
export function createAccessDocumentTable(
  db: Kysely<Tables>,
  { write }: Writes,
): AccessDocumentStore {
  return {
    async list() {
      // Before the rows: a write that comes between is then judged as unseen, and never the other way.
      const revision = await lastRevision(db)
      const rows = db.selectFrom('access_documents').selectAll().orderBy(['kind', 'id'])
      return { documents: (await rows.execute()).map(toRecord), revision }
    },
    write: (writes, author, limits) =>
      write((transaction) => writeAll(transaction, writes, author, limits)),
    async history({ kind, id }, maxEntries, beforeRevision = Number.MAX_SAFE_INTEGER) {
      const rows = await db
        .selectFrom('access_history')
        .selectAll()
        .where('kind', '=', kind)
        .where('id', '=', id)
        .where('revision', '<', beforeRevision)
        .orderBy('revision', 'desc')
        .limit(maxEntries)
        .execute()
      return rows.map(toEntry)
    },
  }
}

/** Deleted ones leave their history, and the newest of it is never pruned. */
async function lastRevision(db: Kysely<Tables>): Promise<number> {
  const newest = db.selectFrom('access_history').select('revision').orderBy('revision', 'desc')
  return (await newest.limit(1).executeTakeFirst())?.revision ?? 0
}

/** What is noted is kept: whoever answers another outcome notes nothing, and all is rolled back. */
async function writeAll(
  { db, draw, note }: Write,
  writes: readonly DocumentWrite[],
  author: DocumentAuthor,
  limits: DocumentLimits,
): Promise<DocumentOutcome> {
  const last = await draw(Math.max(writes.length, 1))
  const known = await Promise.all(writes.map((it) => rowOf(db, it)))
  const at = writes.findIndex(({ expected }, index) => known[index]?.revision !== expected)
  const overtaken = writes[at]
  if (overtaken !== undefined)
    return { outcome: 'overtaken', overtaken: { kind: overtaken.kind, id: overtaken.id } }
  if ((await lastRevision(db)) !== author.basedOn) return { outcome: 'moved' }
  const before = await amountOf(db)
  for (const [index, it] of writes.entries()) {
    const revision = last - writes.length + index + 1
    await writeOne(db, it, revision, author)
    await remember(db, it, { revision, known: known[index], author })
  }
  if (isFull(await amountOf(db), before, limits)) return { outcome: 'full' }
  await forgetHistory(db, writes, limits)
  for (const [index, { kind, id, form }] of writes.entries()) {
    const change =
      form === undefined ? 'ended' : known[index] === undefined ? 'added' : ('changed' as const)
    const revision = last - writes.length + index + 1
    note({ revision, kind: 'access-document', id: `${kind}/${id}`, change })
  }
  return { outcome: 'written', revision: last }
}

function rowOf(
  db: Kysely<Tables>,
  { kind, id }: Pick<DocumentWrite, 'kind' | 'id'>,
): Promise<AccessDocumentRow | undefined> {
  const rows = db.selectFrom('access_documents').selectAll()
  return rows.where('kind', '=', kind).where('id', '=', id).executeTakeFirst()
}

async function writeOne(
  db: Kysely<Tables>,
  { kind, id, form }: DocumentWrite,
  revision: number,
  { by, atMs }: DocumentAuthor,
): Promise<void> {
  await db.deleteFrom('access_documents').where('kind', '=', kind).where('id', '=', id).execute()
  if (form === undefined) return
  const row: AccessDocumentRow = {
    kind,
    id,
    revision,
    body: form.body,
    body_bytes: Buffer.byteLength(form.body),
    disabled: form.isDisabled ? 1 : 0,
    tags: JSON.stringify(form.tags),
    updated_at_ms: atMs,
    updated_by: by,
  }
  await db.insertInto('access_documents').values(row).execute()
}

interface Remembered {
  readonly revision: number
  readonly known: AccessDocumentRow | undefined
  readonly author: DocumentAuthor
}

async function remember(
  db: Kysely<Tables>,
  { kind, id, change, form }: DocumentWrite,
  { revision, known, author: { atMs, by, note } }: Remembered,
): Promise<void> {
  const before = known && JSON.stringify(formOf(toRecord(known)))
  const after = form && JSON.stringify(formOf(form))
  const entry = { revision, kind, id, change, at_ms: atMs, by, note }
  const bytes = Buffer.byteLength(before ?? '') + Buffer.byteLength(after ?? '')
  const row: AccessHistoryRow = { ...entry, before: before ?? null, after: after ?? null, bytes }
  await db.insertInto('access_history').values(row).execute()
}

interface Amount {
  readonly documents: number
  readonly bytes: number
}

/** Whoever makes it less is never refused. */
function isFull(now: Amount, before: Amount, { maxDocuments, maxBytes }: DocumentLimits): boolean {
  const isMore = now.documents > before.documents || now.bytes > before.bytes
  return isMore && (now.documents > maxDocuments || now.bytes > maxBytes)
}

async function amountOf(db: Kysely<Tables>): Promise<Amount> {
  const { documents, bytes } = await db
    .selectFrom('access_documents')
    .select(({ fn }) => [
      fn.countAll<number | bigint | string>().as('documents'),
      fn.sum<number | bigint | string | null>('body_bytes').as('bytes'),
    ])
    .executeTakeFirstOrThrow()
  return { documents: Number(documents), bytes: Number(bytes) }
}

async function forgetHistory(
  db: Kysely<Tables>,
  writes: readonly DocumentWrite[],
  { maxHistoryPerDocument, maxHistory, maxHistoryBytes }: DocumentLimits,
): Promise<void> {
  const newestFirst = db.selectFrom('access_history').select('revision').orderBy('revision', 'desc')
  for (const { kind, id } of writes) {
    const own = newestFirst.where('kind', '=', kind).where('id', '=', id)
    const oldest = await own.offset(maxHistoryPerDocument).limit(1).executeTakeFirst()
    if (oldest === undefined) continue
    const forgotten = db.deleteFrom('access_history').where('revision', '<=', oldest.revision)
    await forgotten.where('kind', '=', kind).where('id', '=', id).execute()
  }
  const oldest = await newestFirst.offset(maxHistory).limit(1).executeTakeFirst()
  if (oldest !== undefined) await forgetUpTo(db, oldest.revision)
  const tooMuch = await lastBeyond(db, maxHistoryBytes)
  if (tooMuch !== undefined) await forgetUpTo(db, tooMuch)
}

/** The newest stays: it has the revision of all. */
async function forgetUpTo(db: Kysely<Tables>, revision: number): Promise<void> {
  const newest = await lastRevision(db)
  await db
    .deleteFrom('access_history')
    .where('revision', '<=', revision)
    .where('revision', '<', newest)
    .execute()
}

/** The newest change that does not fit, by the bytes of those after it and its own. */
async function lastBeyond(db: Kysely<Tables>, maxBytes: number): Promise<number | undefined> {
  const all = db.selectFrom('access_history').select(({ fn }) => fn.sum('bytes').as('bytes'))
  // Mostly it all fits, and to know that takes a tenth of what follows.
  if (Number((await all.executeTakeFirst())?.bytes ?? 0) <= maxBytes) return undefined
  const summed = db.selectFrom('access_history').select(({ fn }) => [
    'revision',
    fn
      .sum<number>('bytes')
      .over((over) => over.orderBy('revision', 'desc'))
      .as('total'),
  ])
  const beyond = db.selectFrom(summed.as('summed')).select('revision').where('total', '>', maxBytes)
  return (await beyond.orderBy('revision', 'desc').limit(1).executeTakeFirst())?.revision
}

function formOf({ body, isDisabled, tags }: DocumentForm): DocumentForm {
  return { body, isDisabled, tags }
}

function toRecord(row: AccessDocumentRow): Stored<AccessDocumentRecord> {
  return {
    kind: row.kind,
    id: row.id,
    revision: row.revision,
    body: row.body,
    isDisabled: row.disabled === 1,
    tags: readTags(row.tags),
    updatedAtMs: row.updated_at_ms,
    updatedBy: row.updated_by,
  }
}

/** No decision reads them: of one that was changed from outside they are none, and it is read as before. */
function readTags(text: string): readonly string[] {
  try {
    const tags: unknown = JSON.parse(text)
    return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
  } catch {
    return []
  }
}

function toEntry(row: AccessHistoryRow): DocumentHistoryEntry {
  const { kind, id, revision, change, by, note } = row
  const read = (text: string | null): DocumentForm | undefined =>
    text === null ? undefined : (JSON.parse(text) as DocumentForm)
  const [before, after] = [read(row.before), read(row.after)]
  return { kind, id, revision, change, before, after, atMs: row.at_ms, by, note }
}
