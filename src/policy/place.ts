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
  const told = new Set<string>()
  return placeAt([], (problem) => {
    const key = JSON.stringify([problem.path, problem.message])
    if (!told.has(key)) problems.push(problem)
    told.add(key)
  })
}

function placeAt(path: PolicyProblem['path'], tell: (problem: PolicyProblem) => void): Place {
  const place: Place = {
    path,
    problem: (message, hint) => {
      tell({ path, message, ...(hint === undefined ? {} : { hint }) })
      return undefined
    },
    at: (...keys) => placeAt([...path, ...keys], tell),
    pinned: () => {
      const pinned: Place = { path, problem: place.problem, at: () => pinned, pinned: () => pinned }
      return pinned
    },
  }
  return place
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
