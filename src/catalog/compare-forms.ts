import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import type { DocumentForm } from '../store/access-document-store.ts'
import type { DocumentKind } from './document.ts'
import { yamlOf } from './document-yaml.ts'

/** Lines around a change that are shown with it. */
const contextLines = 3

/**
 * A unified difference of two forms of one document, as YAML; empty where they say the same.
 *
 * @see https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html
 */
export function compareForms(
  { kind, id }: { readonly kind: DocumentKind; readonly id: string },
  before: DocumentForm | undefined,
  after: DocumentForm | undefined,
): string {
  const [old, next] = [before, after].map((form) => (form === undefined ? '' : yamlOf(kind, form)))
  if (old === next) return ''
  const name = `${kind} ${id}`
  const [from, to] = [before, after].map((form) => (form === undefined ? '/dev/null' : name))
  return createTwoFilesPatch(from ?? name, to ?? name, old ?? '', next ?? '', '', '', {
    context: contextLines,
    headerOptions: FILE_HEADERS_ONLY,
  })
}
