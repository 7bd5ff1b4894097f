import { inTurns } from '../access/trial/in-turns.ts'
import { OvertakenError, type PlannedWrite } from '../catalog/catalog.ts'
import { compareForms, saySame } from '../catalog/compare-forms.ts'
import { exportYaml } from '../catalog/document-yaml.ts'
import type { DocumentKind } from '../catalog/document.ts'
import type { Held, Holding } from '../catalog/holding.ts'
import { judgeChange, refuseFaults } from '../catalog/judge-change.ts'
import { planWrite } from '../catalog/plan-writes.ts'
import { readAccessText, type AccessText } from '../catalog/read-access-text.ts'
import { toldTo } from '../routes/route-findings.ts'
import type { DocumentForm } from '../store/access-document-store.ts'
import { printable } from '../terminal-text.ts'
import type { Actor } from './change.ts'
import { ConflictError } from './conflict.ts'
import {
  exportInput,
  importInput,
  type AccessExport,
  type AccessExportQuery,
  type AccessImport,
  type ImportedChange,
  type ImportOutcome,
} from './document-protocol.ts'
import {
  formIn,
  formsIn,
  requireWrites,
  writeDocuments,
  type DocumentParts,
  type Written,
} from './document-writes.ts'
import { parseInput } from './protocol.ts'

/** Operations on many routes and policies as one text, for people who keep access in git. */
export interface AccessTextOperations {
  /** YAML with `policies` and `routes`, which a configuration file may hold. */
  exportAccess(by: Actor, query?: AccessExportQuery): Promise<AccessExport>
  /**
   * Makes what is stored what a text says: all of it, or nothing. What a list of the text does not name
   * stays, or is deleted with `prune`. Throws `ConfigError` with the place of each fault, `ConflictError` where something was changed
   * since `based_on`, and as the operations on each.
   */
  importAccess(by: Actor, input: AccessImport): Promise<ImportOutcome>
}

export function accessTextOperations(parts: DocumentParts): AccessTextOperations {
  const { authority, catalog } = parts

  /** Deletes what the lists of the text have not, as far as whoever asks may. */
  function pruned(
    holding: Holding,
    { proposals, kinds }: AccessText,
    by: Actor,
  ): readonly PlannedWrite[] {
    const changes = authority.changes(by)
    const kept = new Set(proposals.map(({ kind, id }) => keyOf(kind, id)))
    const stored = ofBothKinds(holding).filter(({ held }) => held.source.kind === 'store')
    return stored
      .filter(({ kind }) => kinds.has(kind))
      .filter(({ kind, held }) => !kept.has(keyOf(kind, held.id)))
      .filter(({ held }) => changes(held.namespace))
      .map(({ kind, held }) => planWrite(holding, { kind, id: held.id, definition: null }))
  }

  return {
    async exportAccess(by, query = {}) {
      const { source } = parseInput(exportInput, query)
      const sees = authority.sees(by)
      const isWanted = (held: Held): boolean =>
        (source === 'all' || held.source.kind === source) && sees(held.namespace)
      const { heldRoutes, heldPolicies } = catalog.holding()
      return {
        text: exportYaml({
          heldRoutes: heldRoutes.filter(isWanted),
          heldPolicies: heldPolicies.filter(isWanted),
        }),
      }
    },
    async importAccess(by, input) {
      const {
        text,
        source,
        dry_run: isDry,
        prune,
        based_on: basedOn,
        note,
      } = parseInput(importInput, input)
      const read = await readAccessText(source, text)
      const plan = async (holding: Holding): Promise<readonly PlannedWrite[]> => {
        if (basedOn !== undefined && basedOn !== holding.revision) throw changedSince(holding)
        const changed: PlannedWrite[] = []
        for await (const proposal of inTurns(read.proposals)) {
          const planned = planWrite(holding, proposal)
          if (isChange(planned, holding)) changed.push(planned)
        }
        const all = [...changed, ...(prune ? pruned(holding, read, by) : [])]
        return all.map((planned) => ({ ...planned, change: importedAs(planned) }))
      }
      const before = catalog.holding()
      const writing = { by, operation: 'importAccess', note: printable(note) } as const
      if (!isDry) {
        const written = await writeDocuments(parts, writing, plan).catch((error: unknown) => {
          throw error instanceof OvertakenError ? changedSince(catalog.holding()) : error
        })
        const changes = await changeViews(written)
        return outcomeOf(read, changes, { isApplied: true, basedOn: catalog.holding().revision })
      }
      const planned = await plan(before)
      const tried = { planned, before: await formsIn(before, planned) }
      requireWrites(tried, writing, parts)
      const after = await catalog.foreseeMany(planned)
      // The file may be another by now, and what it takes is told to whoever sees it.
      refuseFaults(after, planned, toldTo(authority.sees(by)))
      judgeChange(before, after, planned)
      const changes = await changeViews(tried)
      return outcomeOf(read, changes, { isApplied: false, basedOn: before.revision })
    },
  }
}

function ofBothKinds({
  heldRoutes,
  heldPolicies,
}: Holding): readonly { readonly kind: DocumentKind; readonly held: Held }[] {
  return [
    ...heldPolicies.map((held) => ({ kind: 'policy', held }) as const),
    ...heldRoutes.map((held) => ({ kind: 'route', held }) as const),
  ]
}

function keyOf(kind: DocumentKind, id: string): string {
  return `${kind}/${id}`
}

/** Two texts that say the same are none: neither the order of keys nor how it is written is a change. */
function isChange(planned: PlannedWrite, holding: Holding): boolean {
  const before = formIn(holding, planned)
  // Of a thousand that are new or the same, the text of none has to be made.
  if (before === undefined || JSON.stringify(before) === JSON.stringify(planned.form))
    return before === undefined
  return planned.form === undefined || !saySame(planned, before, planned.form)
}

function importedAs({ form }: PlannedWrite): PlannedWrite['change'] {
  return form === undefined ? 'deleted' : 'imported'
}

async function changeViews({ planned, before }: Written): Promise<readonly ImportedChange[]> {
  const views: ImportedChange[] = []
  for await (const [index, write] of inTurns(planned.entries()))
    views.push(changeView(write, before[index]))
  return views
}

function changeView(planned: PlannedWrite, before: DocumentForm | undefined): ImportedChange {
  const { kind, id, form } = planned
  const change = form === undefined ? 'deleted' : before === undefined ? 'created' : 'updated'
  return { kind, id, change, diff: compareForms(planned, before, form) }
}

function outcomeOf(
  { proposals, warnings }: AccessText,
  changes: readonly ImportedChange[],
  { isApplied, basedOn }: { readonly isApplied: boolean; readonly basedOn: number },
): ImportOutcome {
  const written = changes.filter(({ change }) => change !== 'deleted').length
  return {
    changes,
    unchanged: proposals.length - written,
    applied: isApplied,
    based_on: basedOn,
    warnings: warnings.map(({ path, message, hint }) => ({
      path,
      message,
      ...(hint === undefined ? {} : { hint }),
    })),
  }
}

function changedSince({ revision }: Holding): ConflictError {
  return new ConflictError('routes or policies were changed since this was tried', {
    based_on: revision,
  })
}
