import type { TargetPattern } from './from.ts'
import { matchesWildcard } from './table.ts'

/** Whether some authority belongs to both targets. */
export function overlaps(one: TargetPattern, other: TargetPattern): boolean {
  const isSamePort = one.port === undefined || other.port === undefined || one.port === other.port
  return isSamePort && shareName(one.host, other.host)
}

/** Thousands may be compared at once, and hardly any two of them share more than a domain. */
function shareName(one: string, other: string): boolean {
  if (!one.includes('*')) return matchesWildcard(other, one)
  if (!other.includes('*')) return matchesWildcard(one, other)
  const starts = [one, other].map((host) => host.slice(0, host.indexOf('*')))
  const ends = [one, other].map((host) => host.slice(host.lastIndexOf('*') + 1))
  const isPossible =
    contains(starts, (long, short) => long.startsWith(short)) &&
    contains(ends, (long, short) => long.endsWith(short))
  return isPossible && shareText(tokensOf(one), tokensOf(other))
}

/** Whether the longer one of two holds the other. */
function contains(
  [one = '', other = '']: readonly string[],
  holds: (long: string, short: string) => boolean,
): boolean {
  return one.length > other.length ? holds(one, other) : holds(other, one)
}

/** One character, any one, or any number of them. */
type Token = string | typeof any | typeof rest
const any = Symbol('any')
const rest = Symbol('rest')

/** A star stands for one or more characters. */
function tokensOf(host: string): readonly Token[] {
  return host
    .split('')
    .flatMap((character): readonly Token[] => (character === '*' ? [any, rest] : [character]))
}

/**
 * Whether some text matches both patterns. Row by row over the places that both can have come to, so that its cost
 * is the product of their lengths.
 */
function shareText(one: readonly Token[], other: readonly Token[]): boolean {
  const reached = Array.from({ length: one.length + 1 }, () =>
    Array.from({ length: other.length + 1 }, () => false),
  )
  const reach = (at: number, otherAt: number): void => {
    const row = reached[at]
    if (row !== undefined && otherAt < row.length) row[otherAt] = true
  }
  reach(0, 0)
  for (const [at, row] of reached.entries()) {
    for (const otherAt of row.keys()) {
      if (row[otherAt] !== true) continue
      const [token, otherToken] = [one[at], other[otherAt]]
      if (token === rest || otherToken === rest) {
        // It may stand for nothing more, or take whatever comes in the other one.
        if (token !== undefined) reach(at + 1, otherAt)
        if (otherToken !== undefined) reach(at, otherAt + 1)
      }
      const isBoth = token !== undefined && otherToken !== undefined
      if (isBoth && (token === otherToken || token === any || otherToken === any))
        reach(at + 1, otherAt + 1)
    }
  }
  return reached[one.length]?.[other.length] === true
}
