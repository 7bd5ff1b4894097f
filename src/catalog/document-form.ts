import { ConfigError, type Problem } from '../errors.ts'
import { keepingKeys } from '../keeping-keys.ts'
import { namedPolicyKeyNames } from '../policy/named/named-policy-keys.ts'
import { isObject } from '../policy/place.ts'
import type { Json } from '../routes/definition.ts'
import type { RouteFault } from '../routes/route-findings.ts'
import { routeKeyNames } from '../routes/route-keys.ts'
import { checkValue } from '../schema.ts'
import type { DocumentForm } from '../store/access-document-store.ts'
import { formatPath } from '../yaml-text.ts'
import type { DocumentKind } from './document.ts'
import { maxDocumentBytes } from './limits.ts'

/** A route or a policy as the file could hold it. */
export type Definition = { readonly [key: string]: Json }

/** How somebody wants it kept; what is not said stays as it is, or comes from the definition. */
export interface Keeping {
  readonly disabled?: boolean | undefined
  readonly tags?: readonly string[] | undefined
}

const idKeys = { route: 'id', policy: 'name' } as const satisfies Record<DocumentKind, string>

/** The key of a definition that names it. */
export function idKeyOf(kind: DocumentKind): string {
  return idKeys[kind]
}

/**
 * Makes of a definition what is kept: its keys in the order of the reference, its id among them, and `tags` and
 * `disabled` beside it.
 *
 * @throws ConfigError for wrong tags, and for more than can be kept
 */
export function toForm(
  { kind, id }: { readonly kind: DocumentKind; readonly id: string },
  definition: Definition,
  { keeping, before, locate = problemOf }: FormOptions,
): DocumentForm {
  const { tags, disabled, ...rest } = definition
  const wanted = {
    tags: keeping.tags ?? tags ?? before?.tags ?? [],
    disabled: keeping.disabled ?? disabled ?? before?.isDisabled ?? false,
  }
  const faults: RouteFault[] = []
  const read = <T>(key: 'tags' | 'disabled', otherwise: T): T => {
    const checked = checkValue<unknown>(wanted[key], keepingKeys[key].schema)
    if (checked.ok) return checked.value as T
    faults.push(...checked.faults.map((fault) => ({ ...fault, path: [key, ...fault.path] })))
    return otherwise
  }
  const form = {
    body: JSON.stringify(inOrder(kind, { ...rest, [idKeys[kind]]: rest[idKeys[kind]] ?? id })),
    isDisabled: read('disabled', false),
    tags: read<readonly string[]>('tags', []),
  }
  const bytes = Buffer.byteLength(form.body)
  if (bytes > maxDocumentBytes) faults.push(tooLong(bytes))
  if (faults.length > 0) throw new ConfigError(faults.map((fault) => locate(fault)))
  return form
}

export interface FormOptions {
  readonly keeping: Keeping
  readonly before: Pick<DocumentForm, 'isDisabled' | 'tags'> | undefined
  /** Where it stands in a text. */
  readonly locate?: ((fault: RouteFault) => Problem) | undefined
}

/** What a form says; nothing where that is no JSON, since the store was changed from outside. */
export function definitionIn({ body }: Pick<DocumentForm, 'body'>): Definition {
  try {
    const value: unknown = JSON.parse(body)
    return isObject(value) ? (value as Definition) : {}
  } catch {
    return {}
  }
}

function problemOf({ path, message, hint }: RouteFault): Problem {
  return { source: 'definition', path: formatPath(path), message, hint }
}

function tooLong(bytes: number): RouteFault {
  const message = `must be at most ${maxDocumentBytes} bytes, not ${bytes}`
  return { path: [], message, hint: undefined, at: 'value' }
}

/** The same for everybody who writes the same, so that a difference is one of meaning. */
export function inOrder(kind: DocumentKind, definition: Definition): Definition {
  const order: readonly string[] = kind === 'route' ? routeOrder : namedPolicyKeyNames
  const known = order.filter((key) => Object.hasOwn(definition, key))
  const others = Object.keys(definition).filter((key) => !order.includes(key))
  const entries = [...known, ...others].map((key) => [key, definition[key]] as const)
  return Object.fromEntries(
    entries.filter((entry): entry is [string, Json] => entry[1] !== undefined),
  )
}

/** As people read them: which one it is, from where to where, and then the rest. */
const routeOrder: readonly string[] = [
  'id',
  'name',
  'from',
  'to',
  ...routeKeyNames.filter((key) => !['id', 'name', 'from', 'to'].includes(key)),
]
