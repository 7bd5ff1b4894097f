import { diffLines } from 'diff'

/** One line of what two texts have in common and apart. */
export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added'
  readonly text: string
}

/** Two texts beside each other, line by line, removed lines before those that stand for them. */
export function diffTexts(before: string, after: string): readonly DiffLine[] {
  return diffLines(before, after).flatMap(({ value, added, removed }) => {
    const kind = added ? 'added' : removed ? 'removed' : 'same'
    return value
      .replace(/\n$/, '')
      .split('\n')
      .map((text): DiffLine => ({ kind, text }))
  })
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
