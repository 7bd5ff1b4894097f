/** What waits, in the order of its last progress: all of it, and each group by itself. */
export interface Waiting<Item> {
  readonly size: number
  /** Puts an item last; `group` is undefined while it is not known. */
  enter(item: Item, group: string | undefined): void
  leave(item: Item, group: string | undefined): void
  has(item: Item): boolean
  /** How many of a group wait. */
  sizeOf(group: string): number
  /** The one without progress for the longest time, of a group where one is named. */
  oldest(group?: string): Item | undefined
  /** Those there are now; what is done to them meanwhile does no harm. */
  groups(): readonly string[]
}

/** Makes an empty one. Every step costs the same, however many wait. */
export function createWaiting<Item>(): Waiting<Item> {
  // Sets keep the order of insertion.
  const all = new Set<Item>()
  const byGroup = new Map<string, Set<Item>>()
  const putLast = (order: Set<Item>, item: Item): void => {
    order.delete(item)
    order.add(item)
  }
  return {
    get size() {
      return all.size
    },
    enter(item, group) {
      putLast(all, item)
      if (group === undefined) return
      const order = byGroup.get(group) ?? new Set()
      byGroup.set(group, order)
      putLast(order, item)
    },
    leave(item, group) {
      all.delete(item)
      if (group === undefined) return
      const order = byGroup.get(group)
      if (order?.delete(item) === true && order.size === 0) byGroup.delete(group)
    },
    has: (item) => all.has(item),
    sizeOf: (group) => byGroup.get(group)?.size ?? 0,
    oldest(group) {
      const [first] = (group === undefined ? all : byGroup.get(group)) ?? []
      return first
    },
    groups: () => [...byGroup.keys()],
  }
}
