import {
  parseNamedPolicy,
  type NamedPolicy,
  type ParsedNamedPolicy,
} from '../policy/named/parse-named-policy.ts'
import { createRouteNotes, type RouteFindings } from '../routes/route-findings.ts'
import { show } from '../schema.ts'
import type { AccessDocument } from './document.ts'
import type { StoredRules } from './stored-route.ts'

/** A stored policy by itself. */
export interface ReadPolicy extends RouteFindings, Pick<ParsedNamedPolicy, 'values'> {
  readonly named: NamedPolicy | undefined
}

/** Reads a stored policy by the rules of the file; its id is its name. */
export function readStoredPolicy(
  { id, body }: Pick<AccessDocument, 'id' | 'body'>,
  rules: Pick<
    StoredRules,
    'clientCertificates' | 'sessionMs' | 'namespaces' | 'nowMs' | 'providers'
  >,
): ReadPolicy {
  const notes = createRouteNotes()
  const written = body['name']
  if (written !== undefined && written !== id) {
    const hint = 'make another policy, and delete this one'
    notes.fault(['name'], `is ${show(id)}, and stays so`, { hint })
  }
  for (const key of ['tags', 'disabled'].filter((name) => Object.hasOwn(body, name)))
    notes.fault([key], 'is kept beside the definition of a stored policy', { at: 'key' })
  const parsed = parseNamedPolicy({ ...body, name: id }, rules)
  notes.add(parsed)
  const { faults, warnings } = notes
  const named = faults.length === 0 ? parsed.named : undefined
  return { faults, warnings, named, values: parsed.values }
}
