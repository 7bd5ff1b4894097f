import { hash } from 'node:crypto'
import { policyName } from '../policy/named/named-policy-keys.ts'
import { parseFrom } from '../routes/from.ts'
import { routeKeys } from '../routes/route-keys.ts'
import { checkValue } from '../schema.ts'
import type { Definition } from './document-form.ts'
import type { DocumentKind } from './document.ts'

/** What ids of routes and names of policies are made of. */
export const idHint =
  'use letters, digits, ".", "_" and "-", 64 at most, the first a letter or digit'

/**
 * The id that a new route or policy is kept under: the one it has, or for a route one that is made of its `from`, and
 * the same each time. Undefined where it has none and none can be made, or where it is none.
 */
export function newIdOf(kind: DocumentKind, definition: Definition): string | undefined {
  if (kind === 'policy') return checked(policyName, definition['name'])
  if (definition['id'] !== undefined) return checked(routeKeys.id.schema, definition['id'])
  const { from } = definition
  return typeof from === 'string' ? madeId(from) : undefined
}

function checked(schema: typeof policyName, value: unknown): string | undefined {
  const read = checkValue(value, schema)
  return read.ok ? read.value : undefined
}

/** Such as `db.example.com-5432`; a wildcard has its hash in it, since names cannot. */
function madeId(from: string): string | undefined {
  const parsed = parseFrom(from)
  const target = 'fault' in parsed ? undefined : parsed.targets[0]
  if (target === undefined) return undefined
  const text = target.port === undefined ? target.host : `${target.host}-${target.port}`
  const plain = text.replaceAll(/[^\w.-]/g, '').replace(/^[^A-Za-z\d]+/, '')
  const known = plain === text ? checked(routeKeys.id.schema, plain) : undefined
  return known ?? `route-${hash('sha256', from).slice(0, 12)}`
}
