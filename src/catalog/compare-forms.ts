import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import type { DocumentForm } from '../store/access-document-store.ts'
import type { DocumentKind } from './document.ts'
import { yamlOf } from './document-yaml.ts'

/** Lines around a change that are shown with it. */
const contextLines = 3

/**
 * What it takes to find the shortest difference grows with the square of its length.
 *
 * @limit lines that differ in two forms of a route or a policy: all lines of both are shown
 */
const maxEdits = 400

interface Named {
  readonly kind: DocumentKind
  readonly id: string
}

/** Whether two forms say the same: neither the order of keys nor how something is written is a difference. */
export function saySame(
  { kind }: Pick<Named, 'kind'>,
  one: DocumentForm,
  other: DocumentForm,
): boolean {
  return yamlOf(kind, one) === yamlOf(kind, other)
}

/**
 * A unified difference of two forms of one document, as YAML; empty where they say the same.
 *
 * @see https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html
 */
export function compareForms(
  { kind, id }: Named,
  before: DocumentForm | undefined,
  after: DocumentForm | undefined,
): string {
  const [old = '', next = ''] = [before, after].map((form) => form && yamlOf(kind, form))
  if (old === next) return ''
  const name = `${kind} ${id}`
  const [from = name, to = name] = [before, after].map((form) => (form ? name : '/dev/null'))
  const patch = createTwoFilesPatch(from, to, old, next, '', '', {
    context: contextLines,
    headerOptions: FILE_HEADERS_ONLY,
    maxEditLength: maxEdits,
  })
  return patch ?? replaced({ name: from, text: old }, { name: to, text: next })
}

/** All lines of one, and then all of the other. */
function replaced(before: Side, after: Side): string {
  return [
    `--- ${before.name}`,
    `+++ ${after.name}`,
    `@@ -${rangeOf(before)} +${rangeOf(after)} @@`,
    ...linesOf(before).map((line) => `-${line}`),
    ...linesOf(after).map((line) => `+${line}`),
    '',
  ].join('\n')
}

interface Side {
  readonly name: string
  readonly text: string
}

/** Each ends with a line feed. */
function linesOf({ text }: Side): readonly string[] {
  return text.split('\n').slice(0, -1)
}

function rangeOf(side: Side): string {
  const { length } = linesOf(side)
  return `${length === 0 ? 0 : 1},${length}`
}
