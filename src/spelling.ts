/**
 * Longest word that is compared, in UTF-16 units: the work grows with the product of both lengths.
 *
 * @limit none: words that are compared for a hint
 */
const maxWordLength = 64

/**
 * The candidate a misspelt word most likely stands for, or undefined when none is near. One edit in
 * three letters is near; letter case counts for nothing; of equals the first wins.
 */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > maxWordLength) return undefined
  const limit = Math.max(1, Math.floor(word.length / 3))
  let best: { readonly candidate: string; readonly edits: number } | undefined
  for (const candidate of candidates) {
    const edits = countEdits(word.toLowerCase(), candidate.toLowerCase())
    if (edits <= limit && edits < (best?.edits ?? Infinity)) best = { candidate, edits }
  }
  return best?.candidate
}

/** The hint `did you mean "email"?`, or undefined when no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const candidate = closest(word, candidates)
  return candidate === undefined ? undefined : `did you mean "${candidate}"?`
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other.
 *
 * @see https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance#Optimal_string_alignment_distance
 */
function countEdits(from: string, to: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const substituted = cell(previous, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1)
      const swaps = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      const swapped = swaps ? cell(beforePrevious, column - 2) + 1 : Infinity
      const shifted = Math.min(cell(previous, column), cell(current, column - 1)) + 1
      current.push(Math.min(substituted, swapped, shifted))
    }
    beforePrevious = previous
    previous = current
  }
  return cell(previous, to.length)
}

function cell(row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}
