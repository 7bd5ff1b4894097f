import type { Clock } from '../clock.ts'
import type { Telling } from '../net/relay.ts'
import { cutReasonOf } from '../pages/cut-tunnels.ts'
import { follow } from '../tell/protocols/follow.ts'
import type { LastWords } from '../tell/follower.ts'
import type { CutReason } from '../tunnel/cut.ts'
import { endedBy, type BegunTunnel } from './connect-outcome.ts'

/** Follows a tunnel from its first byte, so that its client can be told why it is cut; undefined where its route has no `tell`. */
export function tellingOf(begun: BegunTunnel, clock: Pick<Clock, 'now'>): Telling | undefined {
  const { requestId, route, tunnel } = begun
  if (route.tell === undefined) return undefined
  const { fromClient, fromService, tell } = follow[route.tell]()
  return {
    followUp: fromClient,
    followDown: fromService,
    wordsFor(cause) {
      const { reasons, access } = tunnel
      const ended = endedBy(cause, tunnel)
      const reason = cutReasonOf({ requestId, ended, reasons, route, access }, clock.now())
      return reason && tell(wordsOf(reason, route.name))
    },
  }
}

function wordsOf({ message, next, requestId }: CutReason, route: string): LastWords {
  return {
    message: `access to "${route}" has ended: ${message} (request id ${requestId})`,
    hint: next,
  }
}
