import type { PolicyProblem } from './policy.ts'

/** Where in a policy document a parser is, and how it says that something is wrong there. */
export interface Place {
  /** From the root of the document. */
  readonly path: PolicyProblem['path']
  /** Notes a fault here (the same one once only); answers undefined, for a parser to return. */
  problem(message: string, hint?: string): undefined
  /** Notes what may stand here and is hardly meant so: a value that nothing can match. */
  warn(message: string, hint?: string): void
  readonly context: PolicyContext
  /** The place one or more keys or indices further in. */
  at(...keys: readonly (string | number)[]): Place
  /** This place for everything further in, too: for a document the operator did not write. */
  pinned(): Place
  /** This place without what is only warned of. */
  unwarned(): Place
}

/** What is known besides a document, for warnings alone: what is absent is not told of. */
export interface PolicyContext {
  /** When it is read, in milliseconds since the epoch: what is over for good is warned of. */
  readonly nowMs?: number | undefined
  /** The ids of the identity providers that there are. */
  readonly providers?: readonly string[] | undefined
}

/** What is noted of a document while it is parsed. */
export interface PolicyNotes {
  readonly problems: PolicyProblem[]
  readonly warnings: PolicyProblem[]
  readonly context?: PolicyContext
}

/** The root of a document; what is found at it and below it is added to the notes, the same thing once. */
export function documentRoot({ problems, warnings, context = {} }: PolicyNotes): Place {
  const warn = onceTo(warnings)
  const warnFew: Tell = (warning) => warnings.length < maxWarnings && warn(warning)
  return placeAt([], { tell: onceTo(problems), warn: warnFew, context })
}

/**
 * Each is told at every start and reload, and in every answer about the policy.
 *
 * @limit none: how many warnings of one policy are told
 */
const maxWarnings = 50

type Tell = (problem: PolicyProblem) => unknown

function onceTo(list: PolicyProblem[]): Tell {
  const told = new Set<string>()
  return (problem) => {
    const key = JSON.stringify([problem.path, problem.message])
    if (!told.has(key)) list.push(problem)
    told.add(key)
  }
}

interface Tellers extends Pick<Place, 'context'> {
  readonly tell: Tell
  readonly warn: Tell
}

function placeAt(path: PolicyProblem['path'], tellers: Tellers): Place {
  const found = (message: string, hint: string | undefined): PolicyProblem => ({
    path,
    message,
    ...(hint === undefined ? {} : { hint }),
  })
  const place: Place = {
    path,
    context: tellers.context,
    problem: (message, hint) => {
      tellers.tell(found(message, hint))
      return undefined
    },
    warn: (message, hint) => tellers.warn(found(message, hint)),
    at: (...keys) => placeAt([...path, ...keys], tellers),
    pinned: () => {
      const pinned: Place = { ...place, at: () => pinned, pinned: () => pinned }
      return pinned
    },
    unwarned: () => placeAt(path, { ...tellers, warn: () => {} }),
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
