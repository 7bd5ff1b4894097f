import type { PortHandlers } from './port-handlers.ts'

/**
 * Does pieces of work in the order in which they come, a few in each turn of the event loop. Returns a
 * function that takes the work back as long as it has not begun.
 */
export type Turns = (work: () => void) => () => void

/**
 * Most pieces of one turn: a page takes a quarter of a millisecond, and tunnels wait for it.
 *
 * @limit requests outside of tunnels that are begun before tunnels have their turn again: further ones
 * wait for the next turn
 */
const maxPerTurn = 16

/**
 * Makes one. What all connections have received is read in one turn, and over HTTP/2 a thousand of them
 * bring 32,000 requests with it: tunnels would wait for every one, and what is closed meanwhile is not
 * freed before the turn is over.
 */
export function createTurns(): Turns {
  // Sets keep the order of insertion.
  const waiting = new Set<() => void>()
  let left = maxPerTurn
  let isScheduled = false

  function schedule(): void {
    if (isScheduled) return
    isScheduled = true
    setImmediate(endTurn)
  }

  function endTurn(): void {
    isScheduled = false
    const now = [...waiting.values().take(left)]
    left = maxPerTurn
    for (const work of now) if (waiting.delete(work)) work()
    if (waiting.size > 0) schedule()
  }

  return (work) => {
    schedule()
    if (left > 0 && waiting.size === 0) {
      left -= 1
      work()
    } else waiting.add(work)
    return () => void waiting.delete(work)
  }
}

/** Pages wait for their turn, tunnels do not; a request whose client has gone meanwhile is not looked at. */
export function pagesInTurns(handlers: PortHandlers): PortHandlers {
  const inTurn = createTurns()
  return {
    ...handlers,
    request(request, response, client, exchange) {
      const takeBack = inTurn(() => handlers.request(request, response, client, exchange))
      response.once('close', takeBack)
    },
  }
}
