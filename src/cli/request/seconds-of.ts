import { durationHint, parseDuration } from '../../clock.ts'
import { PeerError } from '../../errors.ts'

/** How long access is to last. Throws `PeerError` `invalid-duration` for less than a second, and for no duration. */
export function secondsOf(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms >= 1_000) return Math.round(ms / 1_000)
  const hint = durationHint(text)
  throw new PeerError('invalid-duration', `"${text}" is no duration such as 30m or 4h`, { hint })
}
