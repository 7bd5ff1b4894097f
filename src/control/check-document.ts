import type { Catalog } from '../catalog/catalog.ts'
import { newIdOf } from '../catalog/new-id.ts'
import type { Definition } from '../catalog/document-form.ts'
import type { DocumentKind } from '../catalog/document.ts'
import type { Held } from '../catalog/holding.ts'
import { storedIn } from '../catalog/judge-change.ts'
import { planWrite } from '../catalog/plan-writes.ts'
import { ConfigError, type Problem } from '../errors.ts'
import type { RouteFault } from '../routes/route-findings.ts'
import { show } from '../schema.ts'
import type { DocumentCheck, DocumentProblem } from './document-protocol.ts'
import { problemView } from './document-view.ts'

/** What would be said of a definition, as somebody is told it, and nothing is kept; `id` is that of one there is. */
export function checkDocument(
  catalog: Pick<Catalog, 'holding' | 'foresee'>,
  kind: DocumentKind,
  { definition, id }: { readonly definition: Definition; readonly id: string | undefined },
  told: (finding: RouteFault) => RouteFault,
): DocumentCheck {
  try {
    const planned = planWrite(catalog.holding(), { kind, id, definition })
    const { heldRoutes, heldPolicies } = catalog.foresee([planned])
    const held = storedIn<Held>(kind === 'route' ? heldRoutes : heldPolicies, planned.id)
    const isTaken = id === undefined && planned.expected !== undefined
    const problems = (held?.faults ?? []).map(told).map(problemView)
    return {
      id: planned.id,
      problems: isTaken ? [...problems, taken(kind, planned.id)] : problems,
      warnings: (held?.warnings ?? []).map(told).map(problemView),
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const made = newIdOf(kind, definition) ?? null
    return { id: made, problems: error.problems.map(withoutPlace), warnings: [] }
  }
}

function taken(kind: DocumentKind, id: string): DocumentProblem {
  const key = kind === 'route' ? 'id' : 'name'
  return { path: key, message: `${show(id)} is already the ${key} of a stored ${kind}` }
}

/** Of a definition that stands in no text. */
function withoutPlace({ path, message, hint }: Problem): DocumentProblem {
  return { path, message, ...(hint === undefined ? {} : { hint }) }
}
