import type { Problem } from '../../desktop/wire/calls.ts'
import { sentence } from '../ui/sentence.ts'

/** What is wrong with one field, for it to show: what, and what to do; undefined where nothing is. */
export function faultAt(problems: readonly Problem[], field: string): string | undefined {
  const found = problems.filter(({ path }) => fieldOf(path) === field)
  return found.length === 0 ? undefined : found.map(describe).join(' ')
}

/** Those that stand at none of the fields. */
export function elsewhere(
  problems: readonly Problem[],
  fields: readonly string[],
): readonly Problem[] {
  return problems.filter(({ path }) => !fields.includes(fieldOf(path)))
}

export function describe({ message, hint }: Pick<Problem, 'message' | 'hint'>): string {
  return hint === undefined ? sentence(message) : `${sentence(message)} ${sentence(hint)}`
}

/** `tags[2]` is the field `tags`. */
function fieldOf(path: string): string {
  return /^[^.[]*/.exec(path)?.[0] ?? path
}
