import { ConfigError, PeerError, type Problem } from '../errors.ts'
import type { RouteFault } from '../routes/route-findings.ts'
import { show } from '../schema.ts'
import type { DocumentChange, DocumentForm } from '../store/access-document-store.ts'
import type { PlannedWrite } from './catalog.ts'
import { idKeyOf, toForm, type Definition, type Keeping } from './document-form.ts'
import type { AccessDocument, DocumentKind } from './document.ts'
import type { Held, Holding } from './holding.ts'
import { storedIn } from './judge-change.ts'
import { idHint, newIdOf } from './new-id.ts'

/** A change of one route or policy that somebody wants, or only thinks of. */
export interface Proposal extends Keeping {
  readonly kind: DocumentKind
  /** That of one there is; a new one has it in its definition, or is given one. */
  readonly id?: string | undefined
  /** Null: it is deleted. Undefined: it says what it says, and is only kept otherwise. */
  readonly definition?: Definition | null | undefined
  /** How the history calls it. */
  readonly change?: DocumentChange
  /** Where it stands in a text. */
  readonly locate?: ((fault: RouteFault) => Problem) | undefined
}

/**
 * What a proposal writes, by what holds now.
 *
 * @throws ConfigError where it has no id, or cannot be kept; PeerError `route-not-found`, `policy-not-found`
 */
export function planWrite(holding: Holding, proposal: Proposal): PlannedWrite {
  const { kind, definition } = proposal
  const id = proposal.id ?? (definition ? newIdOf(kind, definition) : undefined)
  if (id === undefined) throw withoutId(proposal)
  const current = documentOf(holding, kind, id)
  if (current === undefined && (definition ?? undefined) === undefined)
    throw notFound(holding, kind, id)
  const form = definition === null ? undefined : formOf(proposal, id, current)
  return {
    kind,
    id,
    change: proposal.change ?? changeOf(proposal, current),
    expected: current?.revision,
    form,
    isJudged: form !== undefined && isAnother(form, current),
    ...(proposal.locate === undefined ? {} : { locate: proposal.locate }),
  }
}

/** A stored route or policy as it is kept now. */
export function documentOf(
  { heldRoutes, heldPolicies }: Holding,
  kind: DocumentKind,
  id: string,
): AccessDocument | undefined {
  const held = storedIn<Held>(kind === 'route' ? heldRoutes : heldPolicies, id)
  return held?.source.kind === 'store' ? held.source.document : undefined
}

function formOf(
  { kind, definition, tags, disabled, locate }: Proposal,
  id: string,
  current: AccessDocument | undefined,
): DocumentForm {
  const options = { keeping: { tags, disabled }, before: current, locate }
  if (definition) return toForm({ kind, id }, definition, options)
  const kept = toForm({ kind, id }, {}, options)
  return { ...kept, body: JSON.stringify(current?.body ?? {}) }
}

/** What was out of use and is not to be any more is judged like something new. */
function isAnother(form: DocumentForm, current: AccessDocument | undefined): boolean {
  if (current === undefined || JSON.stringify(current.body) !== form.body) return true
  return current.isDisabled && !form.isDisabled
}

function changeOf(
  { definition, disabled, tags }: Proposal,
  current: AccessDocument | undefined,
): DocumentChange {
  if (definition === null) return 'deleted'
  if (definition !== undefined) return current === undefined ? 'created' : 'updated'
  if (disabled !== undefined && disabled !== current?.isDisabled)
    return disabled ? 'disabled' : 'enabled'
  return tags === undefined ? 'updated' : 'tagged'
}

/** It is in the file, and changed there, or it is nowhere. */
export function notFound(
  { heldRoutes, heldPolicies }: Pick<Holding, 'heldRoutes' | 'heldPolicies'>,
  kind: DocumentKind,
  id: string,
): PeerError {
  const held = (kind === 'route' ? heldRoutes : heldPolicies).find((it) => it.id === id)
  if (held?.source.kind !== 'file') return missing(kind, id)
  const message = `the ${kind} ${show(id)} is in the configuration file: ${held.source.place}`
  return new PeerError(`${kind}-in-file`, message, { hint: 'change it there' })
}

export function missing(kind: DocumentKind, id: string): PeerError {
  return new PeerError(`${kind}-not-found`, `there is no ${kind} ${show(id)}`)
}

function withoutId({ kind, definition, locate }: Proposal): ConfigError {
  const key = idKeyOf(kind)
  const isGiven = definition?.[key] !== undefined
  const message = isGiven
    ? `must be the ${key} of a ${kind}, not ${show(definition[key])}`
    : 'is required'
  const at = isGiven || kind === 'policy' ? key : 'from'
  const hint = isGiven ? idHint : undefined
  const fault: RouteFault = { path: [at], message, hint, at: 'value' }
  return new ConfigError([locate?.(fault) ?? { source: 'definition', path: at, message, hint }])
}
