export interface Turns {
  /** Runs `work` now, or in a later turn. */
  pass(work: () => void): void
  /** Until `urgent` is over, no more than one passes in each turn. Answers what `urgent` does. */
  behind<T>(urgent: Promise<T>): Promise<T>
  /** Resolves when nothing waits. */
  passed(): Promise<void>
}

/**
 * Makes a gate that lets so many through in one turn of the event loop, and the others in the next ones, in their
 * order: what happens to thousands at once leaves room for what else happens. Where few come nobody waits.
 */
export function createTurns(perTurn: number): Turns {
  const waiting: (() => void)[] = []
  const onEmpty: (() => void)[] = []
  let left = perTurn
  let isScheduled = false
  let urgentWorks = 0

  const most = (): number => (urgentWorks === 0 ? perTurn : 1)

  function schedule(): void {
    if (isScheduled) return
    isScheduled = true
    setImmediate(takeTurn)
  }

  function takeTurn(): void {
    isScheduled = false
    const those = waiting.splice(0, most())
    left = most() - those.length
    // Before they run: one of them may bring others.
    if (those.length > 0) schedule()
    for (const work of those) work()
    if (waiting.length === 0) for (const resolve of onEmpty.splice(0)) resolve()
  }

  return {
    pass(work) {
      schedule()
      if (left === 0 || waiting.length > 0) {
        waiting.push(work)
        return
      }
      left -= 1
      work()
    },
    async behind(urgent) {
      urgentWorks += 1
      left = Math.min(left, most())
      try {
        return await urgent
      } finally {
        urgentWorks -= 1
        schedule()
      }
    },
    passed: () =>
      waiting.length === 0 ? Promise.resolve() : new Promise((resolve) => onEmpty.push(resolve)),
  }
}
