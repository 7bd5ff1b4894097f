import { diffLines } from 'diff'

/** One line of what two texts have in common and apart. */
export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added'
  readonly text: string
}

/**
 * Lines removed and added that are looked for one by one. The search takes time by the square of their number: this many take
 * a fraction of a second, and ten thousand half a minute.
 *
 * @limit none: a longer difference is shown as a whole
 */
const maxEdits = 500

/**
 * Two texts beside each other, line by line, removed lines before those that stand for them. Where they differ in more
 * than `maxEdits` lines, what is between their common beginning and end is removed and added as a whole.
 */
export function diffTexts(before: string, after: string): readonly DiffLine[] {
  const parts = diffLines(before, after, { maxEditLength: maxEdits })
  if (parts === undefined) return diffAsWhole(linesOf(before), linesOf(after))
  return parts.flatMap(({ value, added, removed }) =>
    alike(added ? 'added' : removed ? 'removed' : 'same', linesOf(value)),
  )
}

function diffAsWhole(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && before[head] === after[head]) head++
  let tail = 0
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  return [
    ...alike('same', before.slice(0, head)),
    ...alike('removed', before.slice(head, before.length - tail)),
    ...alike('added', after.slice(head, after.length - tail)),
    ...alike('same', before.slice(before.length - tail)),
  ]
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

function alike(kind: DiffLine['kind'], lines: readonly string[]): DiffLine[] {
  return lines.map((text) => ({ kind, text }))
}

/** Lines that are the same and further than this from every change are left out. */
const contextLines = 3

/** A diff with what is far from any change left out; `skipped` counts those left out before the line. */
export function shorten(
  lines: readonly DiffLine[],
): readonly (DiffLine & { readonly skipped: number })[] {
  const near = new Set<number>()
  for (const [index, { kind }] of lines.entries()) {
    if (kind === 'same') continue
    for (let at = index - contextLines; at <= index + contextLines; at++) near.add(at)
  }
  let skipped = 0
  return lines.flatMap((line, index) => {
    if (!near.has(index)) {
      skipped++
      return []
    }
    const shown = { ...line, skipped }
    skipped = 0
    return [shown]
  })
}
