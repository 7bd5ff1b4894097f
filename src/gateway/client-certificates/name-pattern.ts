import { PeerError } from '../../errors.ts'
import { parsePattern, type Node } from './pattern-syntax.ts'

/**
 * Longest name that a pattern is tried on, in UTF-16 units; a longer one matches nothing.
 *
 * @limit a name in a client certificate that a pattern is tried on, in UTF-16 units: it matches
 * nothing
 */
const maxNameLength = 2_048
/**
 * Most steps a pattern may compile to: repetitions are written out.
 *
 * @limit steps that a pattern of `match_subject_alt_names` compiles to: the configuration does
 * not load
 */
const maxSteps = 2_000

type Step =
  | { readonly kind: 'character'; readonly fits: (codePoint: number) => boolean }
  | { readonly kind: 'start' | 'end' | 'match' }
  | { readonly kind: 'split'; readonly to: number[] }

/**
 * Compiles a regular expression in the part of RE2's syntax that every engine reads alike; it must
 * match a whole name. It runs in linear time, as RE2 does, which JavaScript's engine does not: names
 * come from certificates that others made.
 *
 * @throws PeerError `invalid-pattern`, saying what is not supported
 * @see https://swtch.com/~rsc/regexp/regexp2.html
 */
export function compileNamePattern(pattern: string): (name: string) => boolean {
  const steps: Step[] = []
  emit(parsePattern(pattern), steps)
  push(steps, { kind: 'match' })
  return (name) => name.length <= maxNameLength && run(steps, Array.from(name))
}

function push(steps: Step[], step: Step): number {
  if (steps.length >= maxSteps) {
    throw new PeerError('invalid-pattern', 'it is too large: its repetitions take too many steps')
  }
  return steps.push(step) - 1
}

/** Appends the steps of a node; it continues at the step after the last. */
function emit(node: Node, steps: Step[]): void {
  switch (node.kind) {
    case 'character':
    case 'start':
    case 'end':
      push(steps, node)
      return
    case 'sequence':
      for (const part of node.parts) emit(part, steps)
      return
    case 'choice':
      emitChoice(node.parts, steps)
      return
    case 'repeat':
      emitRepeat(node, steps)
  }
}

function emitChoice(parts: readonly Node[], steps: Step[]): void {
  const to: number[] = []
  push(steps, { kind: 'split', to })
  const ends: number[][] = []
  for (const part of parts) {
    to.push(steps.length)
    emit(part, steps)
    ends.push(jump(steps))
  }
  for (const end of ends) end.push(steps.length)
}

function emitRepeat({ part, min, max }: Node & { kind: 'repeat' }, steps: Step[]): void {
  for (let count = 0; count < min; count += 1) {
    const before = steps.length
    emit(part, steps)
    // Nothing, however often it is repeated, is nothing.
    if (steps.length === before) break
  }
  if (max === Infinity) {
    const loop = jump(steps)
    const start = steps.length - 1
    loop.push(steps.length)
    emit(part, steps)
    jump(steps).push(start)
    loop.push(steps.length)
    return
  }
  const exits: number[][] = []
  for (let count = min; count < max; count += 1) {
    const optional = jump(steps)
    optional.push(steps.length)
    exits.push(optional)
    emit(part, steps)
  }
  for (const exit of exits) exit.push(steps.length)
}

/** Appends a step that goes on elsewhere; where is added to the list it answers with. */
function jump(steps: Step[]): number[] {
  const to: number[] = []
  push(steps, { kind: 'split', to })
  return to
}

/** Runs all ways through the steps at once: at most `steps.length` of them at each character. */
function run(steps: readonly Step[], name: readonly string[]): boolean {
  let current = follow(steps, [0], 0, name.length)
  for (const [index, character] of name.entries()) {
    const codePoint = character.codePointAt(0) ?? 0
    const next: number[] = []
    for (const at of current) {
      const step = steps[at]
      if (step?.kind === 'character' && step.fits(codePoint)) next.push(at + 1)
    }
    if (next.length === 0) return false
    current = follow(steps, next, index + 1, name.length)
  }
  return [...current].some((at) => steps[at]?.kind === 'match')
}

/** Every step that is reached from these without taking a character. */
function follow(
  steps: readonly Step[],
  from: readonly number[],
  index: number,
  length: number,
): ReadonlySet<number> {
  const reached = new Set<number>()
  const waiting = [...from]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (reached.has(at)) continue
    reached.add(at)
    const step = steps[at]
    if (step?.kind === 'split') waiting.push(...step.to)
    else if (step?.kind === 'start' && index === 0) waiting.push(at + 1)
    else if (step?.kind === 'end' && index === length) waiting.push(at + 1)
  }
  return reached
}
