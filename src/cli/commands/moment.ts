import { InvalidArgumentError } from 'commander'
import { parseDuration } from '../../clock.ts'

/** A time, or how long before now: milliseconds since the epoch. */
export function moment(text: string): number {
  const durationMs = parseDuration(text)
  const at = durationMs === undefined ? Date.parse(text) : Date.now() - durationMs
  if (Number.isNaN(at)) {
    throw new InvalidArgumentError('must be a duration such as 168h, or a time such as 2026-08-20')
  }
  return at
}
