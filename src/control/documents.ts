import { OvertakenError, type PlannedWrite } from '../catalog/catalog.ts'
import { definitionIn } from '../catalog/document-form.ts'
import type { AccessDocument, DocumentKind } from '../catalog/document.ts'
import { namespaceIn, type Held, type Holding } from '../catalog/holding.ts'
import { storedIn } from '../catalog/judge-change.ts'
import { documentOf, missing, notFound, planWrite, type Proposal } from '../catalog/plan-writes.ts'
import { PeerError } from '../errors.ts'
import { show } from '../schema.ts'
import { toldTo } from '../routes/route-findings.ts'
import type { DocumentForm } from '../store/access-document-store.ts'
import { printable } from '../terminal-text.ts'
import type { OperationName } from './authority.ts'
import type { Actor } from './change.ts'
import { checkDocument } from './check-document.ts'
import { ConflictError } from './conflict.ts'
import { pageOfHeld } from './document-list.ts'
import {
  bulkInput,
  checkInput,
  createInput,
  deleteInput,
  documentId,
  getInput,
  historyInput,
  listInput,
  restoreInput,
  updateInput,
  type DocumentBulk,
  type DocumentCheck,
  type DocumentCreation,
  type DocumentDeletion,
  type DocumentGet,
  type DocumentPage,
  type DocumentQuery,
  type DocumentRestore,
  type DocumentsChanged,
  type DocumentToCheck,
  type DocumentUpdate,
  type HistoryPage,
  type HistoryQuery,
} from './document-protocol.ts'
import { historyView } from './document-view.ts'
import { formIn, writeDocuments, type DocumentParts, type Writing } from './document-writes.ts'
import { parseInput } from './protocol.ts'

/** The operations on one kind of documents, whatever each is called. */
export interface KindOperations<Summary, Details> {
  list(by: Actor, query?: DocumentQuery): Promise<DocumentPage<Summary>>
  get(by: Actor, id: string, which?: DocumentGet): Promise<Details>
  check(by: Actor, input: DocumentToCheck): Promise<DocumentCheck>
  create(by: Actor, input: DocumentCreation): Promise<Details>
  update(by: Actor, id: string, input: DocumentUpdate): Promise<Details>
  delete(by: Actor, id: string, input: DocumentDeletion): Promise<DocumentsChanged>
  bulk(by: Actor, input: DocumentBulk): Promise<DocumentsChanged>
  history(by: Actor, id: string, query?: HistoryQuery): Promise<HistoryPage>
  restore(by: Actor, id: string, input: DocumentRestore): Promise<Details>
}

/** How one kind is shown, and what its operations are called. */
export interface KindView<Kind extends Held, Summary, Details> {
  readonly kind: DocumentKind
  readonly names: { readonly [Key in keyof KindOperations<unknown, unknown>]: OperationName }
  all(holding: Holding): readonly Kind[]
  isInUse(held: Kind): boolean
  summary(held: readonly Kind[]): readonly Summary[]
  details(held: Kind): Details
}

export function kindOperations<Kind extends Held, Summary, Details>(
  { kind, names, all, isInUse, summary, details }: KindView<Kind, Summary, Details>,
  parts: DocumentParts,
): KindOperations<Summary, Details> {
  const { catalog, authority } = parts

  function visible(by: Actor): readonly Kind[] {
    const sees = authority.sees(by)
    const told = toldTo(sees)
    return all(catalog.holding())
      .filter(({ namespace }) => sees(namespace))
      .map((held) => ({
        ...held,
        faults: held.faults.map(told),
        warnings: held.warnings.map(told),
      }))
  }

  /** What somebody does not see is to them as if it were not there. */
  function unseen(by: Actor, id: string): PeerError {
    const isSeen = visible(by).some((held) => held.id === id)
    return isSeen ? notFound(catalog.holding(), kind, id) : missing(kind, id)
  }

  function shown(by: Actor, id: string): Details {
    const held = storedIn(visible(by), id)
    if (held === undefined) throw unseen(by, id)
    return details(held)
  }

  function seenForms(by: Actor): (form: DocumentForm | undefined) => boolean {
    const sees = authority.sees(by)
    return (form) => form === undefined || sees(namespaceIn(definitionIn(form)))
  }

  function requireSeen({ id, body }: AccessDocument, by: Actor): void {
    if (!authority.sees(by)(namespaceIn(body))) throw missing(kind, id)
  }

  /** As it was read, or the one who writes it is told what it is now. */
  function requireRevision(holding: Holding, id: string, revision: number | null, by: Actor): void {
    const current = documentOf(holding, kind, id)
    if (current !== undefined) requireSeen(current, by)
    if ((current?.revision ?? null) === revision) return
    if (current === undefined) throw unseen(by, id)
    throw conflict(kind, id, shown(by, id))
  }

  async function write(
    writing: Writing,
    plan: (holding: Holding) => readonly PlannedWrite[],
  ): Promise<readonly PlannedWrite[]> {
    try {
      return (await writeDocuments(parts, writing, plan)).planned
    } catch (error) {
      // It was changed between the look at it and the write.
      if (!(error instanceof OvertakenError)) throw error
      const { id } = error.document
      throw conflict(kind, id, shown(writing.by, id))
    }
  }

  async function writeOne(
    writing: Writing,
    proposal: Omit<Proposal, 'kind'>,
    check: (holding: Holding, id: string) => void,
  ): Promise<Details> {
    const [one] = await write(writing, (holding) => {
      const planned = planWrite(holding, { kind, ...proposal })
      check(holding, planned.id)
      return [planned]
    })
    return shown(writing.by, one?.id ?? '')
  }

  return {
    async list(by, query = {}) {
      const page = pageOfHeld(visible(by), parseInput(listInput, query), isInUse)
      return { ...page, items: summary(page.items) }
    },
    async get(by, id, which = {}) {
      const { source } = parseInput(getInput, which)
      const held = visible(by).find(
        (it) => it.id === id && (source === undefined || it.source.kind === source),
      )
      if (held === undefined) throw missing(kind, parseInput(documentId, id))
      return details(held)
    },
    async check(by, input) {
      const { definition, id } = parseInput(checkInput, input)
      authority.requireIn(by, names.check, [namespaceIn(definition)])
      const current = id === undefined ? undefined : documentOf(catalog.holding(), kind, id)
      if (current !== undefined) requireSeen(current, by)
      return checkDocument(catalog, kind, { definition, id }, toldTo(authority.sees(by)))
    },
    async create(by, input) {
      const { definition, disabled, tags, note } = parseInput(createInput, input)
      const written = { by, operation: names.create, note: printable(note) }
      return writeOne(written, { definition, disabled, tags }, (holding, id) => {
        if (documentOf(holding, kind, id) !== undefined) throw exists(kind, id)
      })
    },
    async update(by, id, input) {
      const { definition, revision, disabled, tags, note } = parseInput(updateInput, input)
      const written = { by, operation: names.update, note: printable(note) }
      return writeOne(written, { id, definition, disabled, tags }, (holding) =>
        requireRevision(holding, id, revision, by),
      )
    },
    async delete(by, id, input) {
      const { revision, note } = parseInput(deleteInput, input)
      await write({ by, operation: names.delete, note: printable(note) }, (holding) => {
        requireRevision(holding, id, revision, by)
        return [planWrite(holding, { kind, id, definition: null })]
      })
      return { changed: [id] }
    },
    async bulk(by, input) {
      const { action, documents, tags = [], note } = parseInput(bulkInput, input)
      const written = await write({ by, operation: names.bulk, note: printable(note) }, (holding) =>
        documents.flatMap(({ id, revision }) => {
          requireRevision(holding, id, revision, by)
          const current = documentOf(holding, kind, id)
          const planned = planWrite(holding, {
            kind,
            id,
            ...bulkChange(action, tags, current?.tags),
          })
          return isChange(planned, holding) ? [planned] : []
        }),
      )
      return { changed: written.map(({ id }) => id) }
    },
    async history(by, id, query = {}) {
      const { limit, cursor } = parseInput(historyInput, query)
      const before = cursor === undefined ? undefined : Number(cursor)
      const entries = await catalog.history(
        { kind, id: parseInput(documentId, id) },
        limit + 1,
        before,
      )
      const page = entries.slice(0, limit)
      const isSeen = seenForms(by)
      const items = page.filter((entry) => isSeen(entry.before) && isSeen(entry.after))
      // Where nothing of it is for them, that there is more is not either.
      const isMore = entries.length > limit && items.length > 0
      const next = isMore ? page.at(-1)?.revision : undefined
      return { items: items.map(historyView), next_cursor: next?.toString() ?? null }
    },
    async restore(by, id, input) {
      const { to, revision, note } = parseInput(restoreInput, input)
      const [entry] = await catalog.history({ kind, id: parseInput(documentId, id) }, 1, to + 1)
      const form = entry?.revision === to ? entry.after : undefined
      if (form === undefined || !seenForms(by)(form)) throw noSuchForm(to)
      const { isDisabled: disabled, tags } = form
      const proposal = {
        id,
        definition: definitionIn(form),
        disabled,
        tags,
        change: 'restored',
      } as const
      return writeOne(
        { by, operation: names.restore, note: printable(note) },
        proposal,
        (holding) => requireRevision(holding, id, revision, by),
      )
    },
  }
}

function bulkChange(
  action: DocumentBulk['action'],
  tags: readonly string[],
  before: readonly string[] = [],
): Omit<Proposal, 'kind' | 'id'> {
  if (action === 'delete') return { definition: null }
  if (action === 'tag') return { tags: [...new Set([...before, ...tags])] }
  if (action === 'untag') return { tags: before.filter((tag) => !tags.includes(tag)) }
  return { disabled: action === 'disable' }
}

function isChange(planned: PlannedWrite, holding: Holding): boolean {
  const before = formIn(holding, planned)
  return JSON.stringify(before) !== JSON.stringify(planned.form)
}

function exists(kind: DocumentKind, id: string): PeerError {
  return new PeerError(`${kind}-exists`, `there is a ${kind} ${show(id)} already`)
}

function conflict(kind: DocumentKind, id: string, current: unknown): ConflictError {
  return new ConflictError(`the ${kind} ${show(id)} was changed since you read it`, current)
}

function noSuchForm(revision: number): PeerError {
  const message = `the history has no form of revision ${revision}`
  return new PeerError('form-not-found', message, {
    hint: 'name a change after which there was one',
  })
}
