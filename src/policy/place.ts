import type { PolicyProblem } from './policy.ts'

/** Where in a policy document a parser is, and how it says that something is wrong there. */
export interface Place {
  /** From the root of the document. */
  readonly path: PolicyProblem['path']
  /** Notes a fault here (the same one once only); answers undefined, for a parser to return. */
  problem(message: string, hint?: string): undefined
  /** The place one or more keys or indices further in. */
  at(...keys: readonly (string | number)[]): Place
  /** This place for everything further in, too: for a document the operator did not write. */
  pinned(): Place
}

/** The root of a document; faults found at it and below it are added to `problems`. */
export function documentRoot(problems: PolicyProblem[]): Place {
  return placeAt(problems, [])
}

function placeAt(problems: PolicyProblem[], path: PolicyProblem['path']): Place {
  const place: Place = {
    path,
    problem: (message, hint) => {
      const known = problems.some(
        (other) => isSamePath(other.path, path) && other.message === message,
      )
      if (!known) problems.push({ path, message, ...(hint === undefined ? {} : { hint }) })
      return undefined
    },
    at: (...keys) => placeAt(problems, [...path, ...keys]),
    pinned: () => {
      const pinned: Place = { path, problem: place.problem, at: () => pinned, pinned: () => pinned }
      return pinned
    },
  }
  return place
}

function isSamePath(one: PolicyProblem['path'], other: PolicyProblem['path']): boolean {
  return one.length === other.length && one.every((key, index) => key === other[index])
}

/** Whether a value of a document is an object with keys: neither null nor a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a value is, for messages such as `must be a string, not a list`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** Quotes words for a message: `"a", "b" or "c"`. */
export function oneOf(words: readonly string[]): string {
  const quoted = words.map((word) => `"${word}"`)
  return [quoted.slice(0, -1).join(', '), quoted.at(-1)].filter(Boolean).join(' or ')
}
