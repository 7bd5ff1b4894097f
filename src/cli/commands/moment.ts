import { InvalidArgumentError } from 'commander'
import { durationHint, parseDuration } from '../../clock.ts'

/** A time, or how long before now: milliseconds since the epoch. */
export function moment(text: string): number {
  const durationMs = parseDuration(text)
  const at = durationMs === undefined ? Date.parse(text) : Date.now() - durationMs
  if (Number.isNaN(at)) {
    const expected = 'must be a duration such as 168h, or a time such as 2026-08-20'
    const hint = durationHint(text)
    throw new InvalidArgumentError(hint === undefined ? expected : `${expected}: ${hint}`)
  }
  return at
}
