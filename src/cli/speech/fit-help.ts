/**
 * Fits the text of a help page into a terminal: between words, and each piece below its own beginning.
 *
 * Commander wraps its own lists down to 40 columns for the right one, and none of the text after them. Lines of
 * examples that are no comment stay as they are: they are there to be copied.
 */
export function fitHelp(text: string, columns: number): string {
  const fitted: string[] = []
  let isExample = false
  for (let rest = text.split('\n'); rest.length > 0;) {
    const [line = ''] = rest
    if (/^\S/.test(line)) isExample = line === 'Examples:'
    const piece = pieceOf(line, isExample)
    const lines = piece === undefined ? [line] : [line, ...following(rest.slice(1), piece)]
    rest = rest.slice(lines.length)
    const isTooWide = lines.some((it) => it.length > columns)
    fitted.push(...(isTooWide && piece !== undefined ? wrap(lines, piece, columns) : lines))
  }
  return fitted.join('\n')
}

/** What is wrapped as a whole. */
interface Piece {
  /** What stands before the text on its first line, such as an option or `# `. */
  readonly first: string
  /** What its other lines begin with. */
  readonly other: string
}

function pieceOf(line: string, isExample: boolean): Piece | undefined {
  const comment = /^ *# /.exec(line)?.[0]
  if (comment !== undefined) return { first: comment, other: comment }
  if (isExample || line.trim() === '') return undefined
  const entry = /^ +\S.*? {2,}(?=\S)/.exec(line)?.[0] ?? /^ */.exec(line)?.[0] ?? ''
  return { first: entry, other: ' '.repeat(entry.length) }
}

/** The lines after the first that go on with the same text. */
function following(lines: readonly string[], { first, other }: Piece): string[] {
  const isComment = first.trim() === '#'
  const end = lines.findIndex((line) => {
    if (!line.startsWith(other) || !/^\S/.test(line.slice(other.length))) return true
    return !isComment && pieceOf(line, false)?.first !== other
  })
  return lines.slice(0, end === -1 ? lines.length : end)
}

/** The narrowest text beside something, in columns: below that it goes beneath it. */
const narrowestBeside = 24

function wrap(lines: readonly string[], { first, other }: Piece, columns: number): string[] {
  const words = lines.flatMap((line) => line.slice(first.length).split(' ')).filter(Boolean)
  if (columns - first.length >= narrowestBeside) return fill(words, first, other, columns)
  const term = first.trimEnd()
  // A text of its own stays where it begins, unless that is far to the right.
  const beneath = term === '' && first.length <= 6 ? first : ' '.repeat(6)
  return [...(term === '' ? [] : [term]), ...fill(words, beneath, beneath, columns)]
}

function fill(words: readonly string[], first: string, other: string, columns: number): string[] {
  const lines: string[] = []
  let line = first
  for (const word of words) {
    const isEmpty = line.length === (lines.length === 0 ? first : other).length
    const longer = isEmpty ? line + word : `${line} ${word}`
    if (isEmpty || longer.length <= columns) line = longer
    else {
      lines.push(line)
      line = other + word
    }
  }
  return [...lines, line]
}
