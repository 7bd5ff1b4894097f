import { printable } from '../../terminal-text.ts'
import { maxNameChars } from '../wire/connection.ts'

/** Whether two names are one to a person. */
export function isSameName(one: string, other: string): boolean {
  return nameKey(one) === nameKey(other)
}

/**
 * The same for all names that are one: letter case, how letters are composed, and how many blanks stand around or
 * between words do not tell them apart.
 */
export function nameKey(name: string): string {
  return name.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim()
}

/** Whether it is one line, in which nothing is hidden or turned: what looks the same is the same. */
export function isPlainName(name: string): boolean {
  return printable(name) === name
}

/** The name with the first number behind it that nobody has: `db`, `db 2`, `db 3`. */
export function otherName(name: string, taken: Iterable<string>): string {
  return createNames([...taken, name]).take(name)
}

/** The names of a list, to which others are added one after the other. */
export interface Names {
  has(name: string): boolean
  /**
   * Takes the name, or where somebody has it the same with the first number from 2 on that is free. `db 2` becomes
   * `db 3` where there is a `db`, and `db 2 2` where there is none.
   */
  take(name: string): string
}

export function createNames(names: Iterable<string>): Names {
  const taken = new Set(Array.from(names, nameKey))
  /** The numbers below are taken: ten thousand of one name would else be counted anew each time. */
  const nextNumbers = new Map<string, number>()

  const numbered = (name: string): string => {
    const [, stem] = /^(.+) \d{1,6}$/s.exec(name) ?? []
    const base = stem !== undefined && taken.has(nameKey(stem)) ? stem : name
    for (let number = nextNumbers.get(nameKey(base)) ?? 2; ; number += 1) {
      const end = ` ${number}`
      const found = cut(base, maxNameChars - end.length) + end
      if (taken.has(nameKey(found))) continue
      nextNumbers.set(nameKey(base), number + 1)
      return found
    }
  }

  return {
    has: (name) => taken.has(nameKey(name)),
    take(name) {
      const free = taken.has(nameKey(name)) ? numbered(name) : name
      taken.add(nameKey(free))
      return free
    },
  }
}

/** Between characters, never through a pair. */
function cut(text: string, maxChars: number): string {
  const short = text.slice(0, maxChars)
  return (short.isWellFormed() ? short : short.slice(0, -1)).trimEnd()
}
