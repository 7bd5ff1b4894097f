import { Document, stringify } from 'yaml'
import type { DocumentForm } from '../store/access-document-store.ts'
import { definitionIn, inOrder, type Definition } from './document-form.ts'
import type { DocumentKind } from './document.ts'
import { shownDefinition, tagsOf } from './shown-definition.ts'
import type { Held, Holding } from './holding.ts'

/** One document as a file would have it. */
export function yamlOf(kind: DocumentKind, form: DocumentForm): string {
  return stringify(wholeOf(kind, definitionIn(form), form), yamlOptions)
}

/**
 * All of these as a text that a configuration file may hold: `policies` and `routes`. What is in the file has its
 * secrets left out, and a comment that says so.
 */
export function exportYaml({
  heldRoutes,
  heldPolicies,
}: Pick<Holding, 'heldRoutes' | 'heldPolicies'>): string {
  const policies = heldPolicies.map((held) => definitionOf('policy', held))
  const routes = heldRoutes.map((held) => definitionOf('route', held))
  const document = new Document({ policies, routes })
  const hidden = heldRoutes.filter((held) => shownDefinition(held).hidden.length > 0)
  if (hidden.length > 0) {
    const ids = hidden.map(({ id }) => id).join(', ')
    document.commentBefore = ` Private keys are left out, of the routes ${ids}`
  }
  return document.toString(yamlOptions)
}

const yamlOptions = { lineWidth: 0, aliasDuplicateObjects: false } as const

function definitionOf(kind: DocumentKind, held: Held): Definition {
  const { definition } = shownDefinition(held)
  return wholeOf(kind, definition, { isDisabled: held.isDisabled, tags: tagsOf(held) })
}

function wholeOf(
  kind: DocumentKind,
  body: Definition,
  { isDisabled, tags }: Pick<DocumentForm, 'isDisabled' | 'tags'>,
): Definition {
  return inOrder(kind, {
    ...body,
    ...(tags.length === 0 ? {} : { tags }),
    ...(isDisabled ? { disabled: true } : {}),
  })
}
