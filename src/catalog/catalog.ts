import type { Clock } from '../clock.ts'
import { messageOf, PeerError, SystemError } from '../errors.ts'
import type { Logger } from '../log.ts'
import type {
  AccessDocumentStore,
  DocumentForm,
  DocumentHistoryEntry,
  DocumentWrite,
} from '../store/access-document-store.ts'
import type { Store } from '../store/store.ts'
import type { DocumentKind } from './document.ts'
import type { FileAccess } from './file-access.ts'
import { createHolder, type StoredDocuments } from './hold.ts'
import type { Holding } from './holding.ts'
import { judgeChange, type ChangedDocument } from './judge-change.ts'
import { documentLimits } from './limits.ts'
import { readDocument, type ReadDocument } from './read-document.ts'
import { createHoldingReport } from './report.ts'

/** One document of a change. */
export interface PlannedWrite extends DocumentWrite, Pick<ChangedDocument, 'isJudged' | 'locate'> {}

/** Who changes, and a word of theirs for the history. */
export interface Change {
  readonly by: string
  readonly note: string
  /**
   * What is to be written, by what holds now. It throws what is in the way, and is asked again where another change
   * came between; it may let others have their turn.
   */
  plan(holding: Holding): readonly PlannedWrite[] | Promise<readonly PlannedWrite[]>
  /** Lets pass whoever may change this, in the step in which it is written. */
  admit?(holding: Holding, writes: readonly PlannedWrite[]): void
  /** It is written, whether or not what holds then can be read. */
  onWritten?(): void
}

/**
 * The routes and policies of a gateway: those of its file, and those of the store beside them. Everybody who has a
 * part in it follows the store's feed, and nobody their own writes: several gateways may share a store.
 */
export interface Catalog extends AsyncDisposable {
  /** What holds now. */
  holding(): Holding
  /** Reads ahead what `useFile` will need. */
  prepare(file: FileAccess): Promise<void>
  /** Stands beside another file from now on; answers what holds then. */
  useFile(file: FileAccess): Holding
  /** Calls `listener` with what holds from then on whenever the store has changed it. It throws nothing. */
  onHolding(listener: (holding: Holding) => void): Disposable
  /** What would hold after these writes, whether or not they may be. */
  foresee(writes: readonly Pick<DocumentWrite, 'kind' | 'id' | 'form'>[]): Holding
  /** The same of many, with which others get their turn meanwhile: what holds then may be another already. */
  foreseeMany(writes: readonly Pick<DocumentWrite, 'kind' | 'id' | 'form'>[]): Promise<Holding>
  /**
   * Writes all of a change or nothing, and resolves with what holds once it does.
   *
   * @throws as `plan` and `judgeChange`; OvertakenError; PeerError `too-many-documents`; SystemError `catalog-busy`
   */
  change(change: Change): Promise<Holding>
  /** Newest first, of one that is deleted too. */
  history(
    document: { readonly kind: DocumentKind; readonly id: string },
    maxEntries: number,
    beforeRevision?: number,
  ): Promise<readonly DocumentHistoryEntry[]>
}

export interface CatalogParts {
  readonly store: Pick<Store, 'accessDocuments' | 'feed'>
  readonly clock: Clock
  readonly logger: Logger
  readonly file: FileAccess
}

/** One of the documents of a change was written by somebody else after its plan was made. */
export class OvertakenError extends PeerError {
  readonly document: Pick<DocumentWrite, 'kind' | 'id'>

  constructor(document: Pick<DocumentWrite, 'kind' | 'id'>) {
    const { kind, id } = document
    super('overtaken', `the ${kind} "${id}" was changed by somebody else meanwhile`, {
      hint: 'look at what it is now, and change that',
    })
    this.document = document
  }
}

/** @limit times that a change of routes is judged again because another one came between: 503 `catalog_busy` */
const maxAttempts = 5

/** Until the store is asked again that did not answer, in milliseconds. */
const retryMs = 1_000

/** Reads what is stored, and follows it. Throws `SystemError` when the store cannot be read. */
export async function openCatalog(parts: CatalogParts): Promise<Catalog> {
  const { clock, logger } = parts
  const { accessDocuments, feed } = parts.store
  const holder = createHolder()
  const report = createHoldingReport(logger)
  const listeners = new Set<(holding: Holding) => void>()
  let { file } = parts
  let stored: StoredDocuments = { documents: [], revision: 0 }
  let holding: Holding | undefined
  let isDue = false
  let reading: Promise<void> | undefined
  let retry: Disposable | undefined
  let isClosed = false

  function holdNow(of: FileAccess, documents: StoredDocuments): Holding {
    return holder.hold(of, documents, { nowMs: clock.now(), before: holding })
  }

  function take(next: Holding): Holding {
    holding = next
    report(next)
    return next
  }

  async function readAll(): Promise<void> {
    while (isDue) {
      isDue = false
      const read = await readStored(accessDocuments, stored)
      // The file may be another one by then; what was not read ahead is read below.
      await holder.prepare(file, read, { nowMs: clock.now(), before: holding })
      stored = read
      const next = take(holdNow(file, stored))
      for (const listener of listeners) listener(next)
    }
  }

  /** Whoever asks while it reads waits for what was stored when they asked. */
  function refresh(): Promise<void> {
    isDue = true
    reading ??= readAll().finally(() => {
      reading = undefined
    })
    return reading
  }

  /** The feed tells of a write before that resolves, so it is mostly being read by then. */
  async function readUpTo(revision: number): Promise<Holding> {
    while (now().revision < revision) await (reading ?? refresh())
    return now()
  }

  /** What was changed must hold: as long as it cannot be read, what held before stays, and it is tried again. */
  function follow(): void {
    retry?.[Symbol.dispose]()
    refresh().catch((error: unknown) => {
      if (isClosed) return
      logger.error('stored routes cannot be read, those of before stay', {
        error: messageOf(error),
      })
      retry = clock.schedule(retryMs, follow)
    })
  }

  const following = feed.onChanges((changes) => {
    if (changes.some(({ kind }) => kind === 'access-document')) follow()
  })

  function now(): Holding {
    if (holding === undefined) throw new TypeError('the catalog is not open yet')
    return holding
  }

  function foresee(writes: readonly Pick<DocumentWrite, 'kind' | 'id' | 'form'>[]): Holding {
    return holdNow(file, withWrites(stored, writes))
  }

  async function attempt({ plan, admit, onWritten, by, note }: Change): Promise<Holding | 'moved'> {
    const before = now()
    const writes = await plan(before)
    if (now() !== before) return 'moved'
    if (writes.length === 0) return before
    const next = withWrites(stored, writes)
    // A policy that a thousand routes name has them all read again: others get their turn meanwhile.
    await holder.prepare(file, next, { nowMs: clock.now(), before })
    if (now() !== before) return 'moved'
    admit?.(before, writes)
    judgeChange(before, holdNow(file, next), writes)
    const author = { by, note, atMs: clock.now(), basedOn: before.revision }
    const written = await accessDocuments.write(writes.map(toWrite), author, documentLimits)
    if (written.outcome === 'written') {
      onWritten?.()
      return readUpTo(written.revision)
    }
    if (written.outcome === 'full') throw tooMany()
    await refresh()
    if (written.outcome === 'moved') return 'moved'
    throw new OvertakenError(written.overtaken)
  }

  await refresh()
  return {
    holding: now,
    prepare: (next) => holder.prepare(next, stored, { nowMs: clock.now(), before: holding }),
    useFile(next) {
      const held = holdNow(next, stored)
      file = next
      return take(held)
    },
    onHolding(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
    foresee,
    async foreseeMany(writes) {
      const next = withWrites(stored, writes)
      await holder.prepare(file, next, { nowMs: clock.now(), before: holding })
      return holdNow(file, next)
    },
    async change(change) {
      for (let tries = 0; tries < maxAttempts; tries += 1) {
        const result = await attempt(change)
        if (result !== 'moved') return result
      }
      throw new SystemError('catalog-busy', 'others change routes and policies all the time', {
        hint: 'try again',
      })
    },
    history: (document, maxEntries, beforeRevision) =>
      accessDocuments.history(document, maxEntries, beforeRevision),
    async [Symbol.asyncDispose]() {
      isClosed = true
      following[Symbol.dispose]()
      retry?.[Symbol.dispose]()
      await reading?.catch(() => undefined)
    },
  }
}

/** A document that is still as it was stays the same object: it is read once. */
async function readStored(
  store: AccessDocumentStore,
  before: StoredDocuments,
): Promise<StoredDocuments> {
  const { documents: records, revision } = await store.list()
  const known = new Map(before.documents.map((read) => [keyOf(read.document), read]))
  const documents = records.map((record): ReadDocument => {
    const same = known.get(keyOf(record))
    return same?.document.revision === record.revision ? same : readDocument(record)
  })
  return { documents, revision }
}

function keyOf({ kind, id }: Pick<DocumentWrite, 'kind' | 'id'>): string {
  return `${kind}/${id}`
}

function withWrites(
  { documents, revision }: StoredDocuments,
  writes: readonly Pick<DocumentWrite, 'kind' | 'id' | 'form'>[],
): StoredDocuments {
  const next = new Map(documents.map((read) => [keyOf(read.document), read]))
  // Behind all others: of two that claim the same, the one that is written is at fault.
  for (const { kind, id, form } of writes) {
    next.delete(keyOf({ kind, id }))
    if (form !== undefined) next.set(keyOf({ kind, id }), candidate({ kind, id }, form))
  }
  return { documents: [...next.values()], revision }
}

function candidate(which: Pick<DocumentWrite, 'kind' | 'id'>, form: DocumentForm): ReadDocument {
  return readDocument({ ...which, ...form, revision: 0, updatedAtMs: 0, updatedBy: '' })
}

function toWrite({ kind, id, change, expected, form }: PlannedWrite): DocumentWrite {
  return { kind, id, change, expected, form }
}

function tooMany(): PeerError {
  return new PeerError(
    'too-many-documents',
    'there is no room for more stored routes and policies',
    {
      hint: `there may be ${documentLimits.maxDocuments}, of ${documentLimits.maxBytes} bytes together`,
    },
  )
}
