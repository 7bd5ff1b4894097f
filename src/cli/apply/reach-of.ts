import { readAccessText } from '../../catalog/read-access-text.ts'
import type { ImportOutcome } from '../../control/document-protocol.ts'
import type { ReachAnswer, ReachRequest } from '../../control/reach-protocol.ts'

/** What a gateway is asked about the changes that it would make of a text. */
export async function reachRequestOf(
  { changes }: Pick<ImportOutcome, 'changes'>,
  { source, text }: { readonly source: string; readonly text: string },
): Promise<ReachRequest> {
  const { proposals } = await readAccessText(source, text)
  const definitions = new Map(
    proposals.map(({ kind, id, definition }) => [`${kind}/${id}`, definition]),
  )
  return {
    changes: changes.map(({ kind, id, change }) => ({
      kind,
      id,
      definition: change === 'deleted' ? null : (definitions.get(`${kind}/${id}`) ?? null),
    })),
  }
}

/** @limit none: names of each list of a reach that are shown */
const maxShown = 10

/** The reach of a change, as lines. */
export function reachLines(reach: ReachAnswer): readonly string[] {
  const { tunnels, gained, lost, opened_to_everybody: opened } = reach
  return [
    `cuts ${tunnels.cut} of ${tunnels.open} open tunnels`,
    ...shown(
      tunnels.items.map(({ who, target, ended }) => `${who ?? 'somebody'} on ${target}: ${ended}`),
      tunnels.cut,
    ),
    ...(gained === null
      ? ['who would gain access is told to administrators and auditors of the whole gateway']
      : people('gain', gained)),
    ...people('lose', lost),
    ...opened.map((route) => `opens to everybody: ${route}`),
    `judged on ${reach.judged_on.people} known callers${reach.judged_on.decisions === null ? '' : ` and ${reach.judged_on.decisions} decisions of ${reach.judged_on.days} days`}`,
    ...reach.assumed.map((sentence) => `assumed: ${sentence}`),
  ]
}

function people(verb: string, { total, items }: ReachAnswer['lost']): readonly string[] {
  return [
    `${total} ${verb} access`,
    ...shown(
      items.map(({ who, route }) => `${who} on ${route}`),
      total,
    ),
  ]
}

function shown(lines: readonly string[], total: number): readonly string[] {
  const first = lines.slice(0, maxShown).map((line) => `  ${line}`)
  return total > first.length ? [...first, `  and ${total - first.length} more`] : first
}
