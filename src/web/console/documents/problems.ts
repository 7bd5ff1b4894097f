/** What is wrong with a document, as the API says it. */
export interface DocumentProblem {
  /** Within its definition, such as `policy[0].allow.or[1]`; may be empty. */
  readonly path: string
  readonly message: string
  readonly hint?: string | undefined
}

/** `policy[0].allow` → `['policy', 0, 'allow']`. */
export function partsOfPath(path: string): readonly (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)].map(
    ([, index, quoted, name]) => (index === undefined ? (quoted ?? name ?? '') : Number(index)),
  )
}

/** The faults at a key, or below it. */
export function problemsAt(
  problems: readonly DocumentProblem[],
  key: string,
): readonly DocumentProblem[] {
  return problems.filter(({ path }) => String(partsOfPath(path)[0] ?? '') === key)
}

/** In one line: what is wrong, and what to do. */
export function describeProblem({ message, hint }: DocumentProblem): string {
  return hint === undefined ? message : `${message}: ${hint}`
}

/** The same with its place, unless that is `at` itself. */
export function describeWithin(problem: DocumentProblem, at: string): string {
  const { path } = problem
  const text = describeProblem(problem)
  return path === at || path === '' ? text : `${path} ${text}`
}
