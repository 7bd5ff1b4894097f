import { definitionIn, type Definition } from '../catalog/document-form.ts'
import type { Held, HeldPolicy, HeldRoute } from '../catalog/holding.ts'
import { shownDefinition, tagsOf } from '../catalog/shown-definition.ts'
import type { RouteFault } from '../routes/route-findings.ts'
import type { DocumentForm, DocumentHistoryEntry } from '../store/access-document-store.ts'
import { formatPath } from '../yaml-text.ts'
import type {
  DocumentProblem,
  DocumentSummary,
  HistoryEntry,
  KeptForm,
  PolicyDetails,
  PolicySummary,
  RouteDetails,
  RouteSummary,
} from './document-protocol.ts'

export function problemView({ path, message, hint }: RouteFault): DocumentProblem {
  return { path: formatPath(path), message, ...(hint === undefined ? {} : { hint }) }
}

function summaryOf(held: Held, isInUse: boolean): DocumentSummary {
  const { id, source, isDisabled, faults, warnings, namespace } = held
  const document = source.kind === 'store' ? source.document : undefined
  return {
    id,
    source: source.kind === 'store' ? { kind: 'store' } : { kind: 'file', place: source.place },
    in_use: isInUse,
    disabled: isDisabled,
    problems: faults.map(problemView),
    warnings: warnings.map(problemView),
    revision: document?.revision ?? null,
    tags: tagsOf(held),
    namespace: namespace ?? null,
    updated_at: document === undefined ? null : new Date(document.updatedAtMs).toISOString(),
    updated_by: document?.updatedBy ?? null,
  }
}

/** `tunnels`: how many it has open now. */
export function routeSummary(held: HeldRoute, tunnels: number): RouteSummary {
  const { definition, route, policyNames } = held
  const { to } = definition
  const from = textAt(definition, 'from')
  return {
    ...summaryOf(held, route !== undefined),
    name: route?.name ?? (textAt(definition, 'name') || from.replace(/^tcp\+https:\/\//, '')),
    description: textAt(definition, 'description'),
    from,
    to: (Array.isArray(to) ? to : [to]).filter((it) => typeof it === 'string'),
    application: definition['application'] === true,
    listed: definition['listed'] === true,
    policy_names: policyNames,
    tunnels,
  }
}

export function routeDetails(held: HeldRoute, tunnels: number): RouteDetails {
  return { ...routeSummary(held, tunnels), ...shownDefinition(held) }
}

export function policySummary(held: HeldPolicy): PolicySummary {
  const { definition, named, usedBy } = held
  return {
    ...summaryOf(held, named !== undefined),
    form: Object.hasOwn(definition, 'policies') ? 'policies' : 'policy',
    explanation: textAt(definition, 'explanation'),
    remediation: textAt(definition, 'remediation'),
    used_by: usedBy,
  }
}

export function policyDetails(held: HeldPolicy): PolicyDetails {
  return { ...policySummary(held), definition: shownDefinition(held).definition }
}

/** What is at fault may be anything. */
function textAt(definition: Definition, key: string): string {
  const value = definition[key]
  return typeof value === 'string' ? value : ''
}

export function historyView(entry: DocumentHistoryEntry): HistoryEntry {
  const { revision, change, atMs, by, note, before, after } = entry
  const at = new Date(atMs).toISOString()
  return { revision, change, at, by, note, before: formView(before), after: formView(after) }
}

function formView(form: DocumentForm | undefined): KeptForm | null {
  if (form === undefined) return null
  const { definition } = shownDefinition({ definition: definitionIn(form) })
  return { definition, disabled: form.isDisabled, tags: form.tags }
}
