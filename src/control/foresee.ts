import { z } from 'zod'
import type { PlannedWrite } from '../catalog/catalog.ts'
import type { Held, Holding } from '../catalog/holding.ts'
import { judgeChange } from '../catalog/judge-change.ts'
import { missing, planWrite } from '../catalog/plan-writes.ts'
import { createRouteTable, type RouteTable } from '../routes/table.ts'
import type { Actor } from './change.ts'
import { formIn, requireWrites, type DocumentParts } from './document-writes.ts'
import type { ProposedChange } from './reach-protocol.ts'

/** Changes that are only thought of. */
export const proposedChanges = z
  .array(
    z.strictObject({
      kind: z.enum(['route', 'policy']),
      id: z.string().max(64).optional(),
      definition: z.record(z.string(), z.json()).nullable().optional(),
      disabled: z.boolean().optional(),
    }),
  )
  .min(1)
  .max(1_000)

/** What holds, and what would hold if changes were made. */
export interface Foreseen {
  readonly before: Holding
  readonly after: Holding
  readonly planned: readonly PlannedWrite[]
}

/** Judges changes as if somebody made them, who may do so; nothing is changed. Throws what making them throws. */
export function foresee(
  parts: DocumentParts,
  by: Actor,
  changes: readonly ProposedChange[],
): Foreseen {
  const before = parts.catalog.holding()
  const sees = parts.authority.sees(by)
  const planned = changes.map((change) => {
    requireThere(before, change, sees)
    return planWrite(before, change)
  })
  requireForeseen(parts, by, { before, planned })
  const after = parts.catalog.foresee(planned)
  judgeChange(before, after, planned)
  return { before, after, planned }
}

/** What somebody does not see is to them as if it were not there. */
function requireThere(
  { heldRoutes, heldPolicies }: Holding,
  { kind, id, definition }: ProposedChange,
  sees: (namespace: string | undefined) => boolean,
): void {
  if (id === undefined || (definition ?? undefined) !== undefined) return
  const all: readonly Held[] = kind === 'route' ? heldRoutes : heldPolicies
  if (!all.some((held) => held.id === id && sees(held.namespace))) throw missing(kind, id)
}

/** Lets go on whoever may make these changes now. Throws what making them throws. */
export function requireForeseen(
  parts: DocumentParts,
  by: Actor,
  { before, planned }: Pick<Foreseen, 'before' | 'planned'>,
): void {
  const forms = planned.map((write) => formIn(before, write))
  requireWrites({ planned, before: forms }, { by, operation: 'reach', note: '' }, parts)
}

/** The routes as they would be. */
export function foreseenTable({ after }: Foreseen): RouteTable {
  return createRouteTable(after.routes.map((route) => ({ ...route, revision: 0 })))
}
