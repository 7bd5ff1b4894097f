import { changesAll } from '../access/administrators.ts'
import { inTurns } from '../access/trial/in-turns.ts'
import type { Catalog, PlannedWrite } from '../catalog/catalog.ts'
import { definitionIn } from '../catalog/document-form.ts'
import type { DocumentKind } from '../catalog/document.ts'
import { refuseForeignTargets } from '../catalog/foreign-targets.ts'
import { namespaceIn, type Holding } from '../catalog/holding.ts'
import { refuseFaults } from '../catalog/judge-change.ts'
import { refuseOwnMachine } from '../catalog/own-machine.ts'
import { documentOf } from '../catalog/plan-writes.ts'
import { toldTo } from '../routes/route-findings.ts'
import type { DocumentForm } from '../store/access-document-store.ts'
import type { Authority, OperationName } from './authority.ts'
import { actorName, recordChange, type Actor, type ChangeParts } from './change.ts'
import { prepareRecord, recordedEach, recordedMany, recordedOne } from './document-audit.ts'

/** What the operations on routes and policies reach inside the running gateway. */
export interface DocumentParts extends ChangeParts {
  readonly catalog: Catalog
  readonly authority: Pick<Authority, 'roleOf' | 'requireIn' | 'sees' | 'changes'>
}

/** What one write of somebody is about. */
export interface Writing {
  readonly by: Actor
  readonly operation: OperationName
  readonly note: string
}

/** What was written, and what each was before. */
export interface Written {
  readonly planned: readonly PlannedWrite[]
  readonly before: readonly (DocumentForm | undefined)[]
}

/** Writes what is planned by what holds then, if whoever writes may, and leaves one record. */
export async function writeDocuments(
  parts: DocumentParts,
  writing: Writing,
  plan: (holding: Holding) => readonly PlannedWrite[] | Promise<readonly PlannedWrite[]>,
): Promise<Written> {
  let written: Written = { planned: [], before: [] }
  await parts.catalog.change({
    by: actorName(writing.by),
    note: writing.note,
    async plan(holding) {
      const planned = await plan(holding)
      written = { planned, before: await formsIn(holding, planned) }
      // Nobody is told what is wrong with what they may not write.
      requireWrites(written, writing, parts)
      return planned
    },
    admit: () => requireWrites(written, writing, parts),
    onWritten: () => record(parts, writing, written),
  })
  return written
}

/** What each was; what a record says of it is made ready as well, since once it is written all are recorded at once. */
export async function formsIn(
  holding: Holding,
  planned: readonly PlannedWrite[],
): Promise<readonly (DocumentForm | undefined)[]> {
  const forms: (DocumentForm | undefined)[] = []
  for await (const write of inTurns(planned)) {
    const form = formIn(holding, write)
    forms.push(form)
    prepareRecord(form)
    prepareRecord(write.form)
  }
  return forms
}

export function formIn(
  holding: Holding,
  { kind, id }: Pick<PlannedWrite, 'kind' | 'id'>,
): DocumentForm | undefined {
  const document = documentOf(holding, kind, id)
  if (document === undefined) return undefined
  const { body, isDisabled, tags } = document
  return { body: JSON.stringify(body), isDisabled, tags }
}

/** Who changes something may change what it was and what it becomes; asked in the step in which it is written. */
export function requireWrites(
  { planned, before }: Written,
  { by, operation }: Writing,
  { authority, catalog }: DocumentParts,
): void {
  const forms = [...planned.map(({ form }) => form), ...before].filter((form) => form !== undefined)
  const namespaces = forms.map((form) => namespaceIn(definitionIn(form)))
  authority.requireIn(by, operation, [...new Set(namespaces)])
  if (changesAll(authority.roleOf(by))) return
  refuseOwnMachine(planned)
  const after = catalog.foresee(planned)
  refuseForeignTargets(planned, after)
  refuseFaults(after, planned, toldTo(authority.sees(by)))
}

function record(parts: ChangeParts, { by, note }: Writing, { planned, before }: Written): void {
  const writes = planned.map((it, index) => ({ ...it, before: before[index] }))
  const [one] = writes
  if (one === undefined) return
  const said = note === '' ? {} : { note }
  if (writes.length === 1) {
    recordChange(parts, by, `${one.kind} ${one.change}`, { ...recordedOne(one), ...said })
    return
  }
  const event = eventOf(new Set(writes.map(({ kind }) => kind)))
  recordChange(parts, by, event, { ...recordedMany(writes), ...said })
  const { whole, hashed } = recordedEach(writes)
  for (const it of whole)
    recordChange(parts, by, `${it.kind} ${it.change}`, recordedOne(it), { isSilent: true })
  for (const details of hashed) recordChange(parts, by, event, details, { isSilent: true })
}

function eventOf(kinds: ReadonlySet<DocumentKind>): string {
  if (kinds.size > 1) return 'routes and policies changed'
  return kinds.has('route') ? 'routes changed' : 'policies changed'
}
