import { inTurns } from '../access/trial/in-turns.ts'
import type { JudgedView } from './trial-protocol.ts'

export interface PageOptions<Item> {
  /** Tells items apart; the list is sorted by it. */
  keyOf(item: Item): string
  judge(item: Item): JudgedView
  readonly outcome: 'allow' | 'all'
  readonly limit: number
  /** The key of the last item of the page before. */
  readonly cursor?: string | undefined
}

export interface JudgedItem<Item> extends JudgedView {
  readonly item: Item
}

/** The next `limit` of a sorted list that come out as wanted. No more of it is judged than that takes. */
export async function pageOf<Item>(
  sorted: readonly Item[],
  { keyOf, judge, outcome: wanted, limit, cursor }: PageOptions<Item>,
): Promise<{ readonly items: readonly JudgedItem<Item>[]; readonly nextCursor: string | null }> {
  const items: JudgedItem<Item>[] = []
  const from = cursor === undefined ? 0 : sorted.findIndex((item) => keyOf(item) > cursor)
  for await (const item of inTurns(from === -1 ? [] : sorted.slice(from))) {
    const judged = judge(item)
    if (wanted === 'allow' && judged.outcome !== 'allow') continue
    const last = items.at(-1)
    if (items.length === limit && last !== undefined) return { items, nextCursor: keyOf(last.item) }
    items.push({ item, ...judged })
  }
  return { items, nextCursor: null }
}
