import type { Problem } from '../../errors.ts'
import type { ValueFault } from '../../schema.ts'
import type { Path, YamlText } from '../../yaml-text.ts'

/** What is said about a configuration while it is read: everything, not only the first. */
export interface Findings {
  /** Any of these, and it does not load. */
  readonly problems: Problem[]
  readonly warnings: Problem[]
}

/** Tells what was found in plain data at the place in the text that the data was read from. */
export function tellAt(
  text: YamlText,
  path: Path,
  found: { readonly faults: readonly ValueFault[]; readonly warnings: readonly ValueFault[] },
  { problems, warnings }: Findings,
): void {
  const locate = ({ path: within, message, hint, at }: ValueFault): Problem =>
    text.problem([...path, ...within], message, { hint, at })
  problems.push(...found.faults.map(locate))
  warnings.push(...found.warnings.map(locate))
}

/**
 * In the order of the text, one text after the other; what has no place in one comes last. A fault
 * that aliases repeat is told once, where it stands.
 */
export function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const line = (problem: Problem): number => problem.line ?? Infinity
  const column = (problem: Problem): number => problem.column ?? Infinity
  const sources = [...new Set(problems.map(({ source }) => source))]
  const text = (problem: Problem): number =>
    problem.line === undefined ? Infinity : sources.indexOf(problem.source)
  const compare = (a: number, b: number): number => (a === b ? 0 : a - b)
  const once = new Map(problems.toReversed().map((problem) => [identityOf(problem), problem]))
  return [...once.values()]
    .toReversed()
    .toSorted(
      (a, b) =>
        compare(text(a), text(b)) || compare(line(a), line(b)) || compare(column(a), column(b)),
    )
}

function identityOf({ source, line, column, path, message }: Problem): string {
  return JSON.stringify([source, message, line === undefined ? path : [line, column]])
}
