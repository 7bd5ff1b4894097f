import { isCollection, type Node } from 'yaml'
import type { TextLine, TextLines } from './yaml-lines.ts'

/** What is wrong with a text, in plain words, at the offset where it begins. */
export interface TextFault {
  readonly offset: number
  readonly message: string
  readonly hint?: string | undefined
  /** In the library's words: what was said before it is most likely why. */
  readonly isUnexplained?: boolean
}

/** A fault as the YAML library tells it. */
export interface LibraryFault {
  readonly code: string
  readonly message: string
  readonly pos: readonly [number, number]
}

/** What a fault is looked up in. */
export interface FaultView {
  readonly text: string
  readonly lines: TextLines
  /** Quoted texts, and collections in brackets, in the order of the text. */
  readonly enclosed: () => readonly Node[]
}

/** Answers undefined for a fault of another kind. */
export type Explain = (
  fault: LibraryFault,
  line: TextLine,
  view: FaultView,
) => TextFault | undefined

/** A plain value up to a comment or the end of the line, or of its place within brackets. */
export function plainFrom(text: string, isInBrackets = false): string {
  const value = text.replace(/\s#.*$/, '').trimEnd()
  return isInBrackets ? value.replace(/[,[\]{}].*$/, '').trimEnd() : value
}

export function isInBrackets(offset: number, { enclosed }: FaultView): boolean {
  return enclosed().some(
    (node) =>
      isCollection(node) && (node.range?.[0] ?? offset) < offset && offset < (node.range?.[2] ?? 0),
  )
}

/** @limit none: of how long a value so much is repeated in a hint */
const maxShownChars = 60

export function shortened(text: string): string {
  return text.length <= maxShownChars ? text : `${text.slice(0, maxShownChars)}…`
}

/** A value in quotes that mean it as it is. */
export function quoted(value: string): string {
  const quote = value.includes('"') || value.includes('\\') ? "'" : '"'
  return `${quote}${shortened(value.replaceAll("'", quote === "'" ? "''" : "'"))}${quote}`
}

export function inQuotes(value: string): string {
  return `put it in quotes: ${quoted(value)}`
}
