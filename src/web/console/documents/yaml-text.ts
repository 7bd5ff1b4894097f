import { parseDocument, stringify } from 'yaml'
import type { Body } from './body.ts'

/** A fault in a text, at a place in it. */
export interface TextFault {
  readonly message: string
  /** Characters from the text's beginning. */
  readonly from: number
  readonly to: number
}

/** Plain data as YAML, as `gateway export` writes it. */
export function formatYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0 })
}

export type ReadYaml<T> = { readonly value: T } | { readonly faults: readonly TextFault[] }

/** Reads a text of YAML; values are those of JSON. */
export function readYaml(text: string): ReadYaml<unknown> {
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: false })
  if (document.errors.length > 0) {
    return {
      faults: document.errors.map(({ message, pos: [from, to] }) => ({ message, from, to })),
    }
  }
  try {
    // Bounds what aliases may grow to.
    return { value: document.toJS({ maxAliasCount: 100 }) as unknown }
  } catch (error) {
    return { faults: [{ message: (error as Error).message, from: 0, to: text.length }] }
  }
}

/** Reads the keys of a document. */
export function readBody(text: string): ReadYaml<Body> {
  const read = readYaml(text)
  if ('faults' in read) return read
  const { value } = read
  if (value === null || value === undefined) return { value: {} }
  if (typeof value === 'object' && !Array.isArray(value)) return { value: value as Body }
  return { faults: [{ message: 'must be keys with values', from: 0, to: text.length }] }
}

/** Where in a text a path such as `['policy', 0, 'allow']` stands; its nearest part that is there. */
export function placeOf(
  text: string,
  path: readonly (string | number)[],
): Pick<TextFault, 'from' | 'to'> {
  const document = parseDocument(text, { prettyErrors: false })
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true)
    const range = (node as { readonly range?: readonly number[] | null } | undefined)?.range
    if (range?.[0] !== undefined && range[1] !== undefined) return { from: range[0], to: range[1] }
  }
  return { from: 0, to: text.length }
}
