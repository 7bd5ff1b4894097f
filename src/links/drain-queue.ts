import type { Clock } from '../clock.ts'
import type { Link } from './link.ts'

/** How often it is looked whether a connection that was drained is back, in milliseconds. */
const lookMs = 1_000

/** Drains one connection of each connector after the other, so that the rest of them take streams. */
export interface DrainQueue {
  drain(link: Link): void
}

interface Turn {
  readonly waiting: Set<Link>
  /** The one that was told last. */
  current: Link
}

/**
 * `registered` answers the connections of now. The next of a connector is drained once the one before is registered
 * again, beside itself or in its place: a stock connector comes back when its last stream has ended and its
 * back-off is over. One that never does keeps the others, which take streams.
 */
export function createDrainQueue(clock: Clock, registered: () => readonly Link[]): DrainQueue {
  const turns = new Map<string, Turn>()
  let timer: Disposable | undefined

  function look(): void {
    timer = undefined
    const links = registered()
    for (const [connector, turn] of turns) {
      if (links.some((link) => isAgain(link, turn.current))) next(turn, links)
      const hasGone = !links.some((link) => connectorOf(link) === connector)
      if (turn.waiting.size === 0 || hasGone) turns.delete(connector)
    }
    if (turns.size > 0) timer = clock.schedule(lookMs, look)
  }

  function next(turn: Turn, links: readonly Link[]): void {
    for (const link of turn.waiting) {
      turn.waiting.delete(link)
      if (!links.includes(link)) continue
      turn.current = link
      return link.drain()
    }
  }

  return {
    drain(link) {
      const turn = turns.get(connectorOf(link))
      if (turn !== undefined) {
        if (turn.current !== link) turn.waiting.add(link)
        return
      }
      turns.set(connectorOf(link), { waiting: new Set(), current: link })
      link.drain()
      timer ??= clock.schedule(lookMs, look)
    },
  }
}

/** Its id alone may be another tunnel's connector's as well: that one says its own. */
function connectorOf({ tunnelId, connectorId }: Link): string {
  return `${tunnelId} ${connectorId}`
}

function isAgain(link: Link, drained: Link): boolean {
  return (
    link !== drained &&
    link.isReady &&
    link.connIndex === drained.connIndex &&
    connectorOf(link) === connectorOf(drained)
  )
}
