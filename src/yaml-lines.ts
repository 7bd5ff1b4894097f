import type { LineCounter } from 'yaml'

/** A line of a text, for saying in plain words what is wrong with it. */
export interface TextLine {
  /** 1-based. */
  readonly number: number
  /** Offset of its first character. */
  readonly start: number
  /** Without what ends it. */
  readonly text: string
  /** Blanks before its content, tabs among them. */
  readonly indent: number
  /** Without these, and without blanks at its end; empty for a line of blanks or a comment. */
  readonly content: string
}

export interface TextLines {
  /** The line with an offset; that behind the last character counts to the last line. */
  at(offset: number): TextLine
  line(number: number): TextLine | undefined
  /** The nearest one before with content for which `fits` holds; undefined where none is near. */
  before(line: TextLine, fits: (line: TextLine) => boolean): TextLine | undefined
}

/**
 * How far back a fault is looked for what it belongs to.
 *
 * @limit none: a fault further behind is told in the words of the YAML library
 */
const maxLinesBack = 500

export function linesOf(text: string, counter: LineCounter): TextLines {
  const starts = counter.lineStarts
  const line = (number: number): TextLine | undefined => {
    const start = starts[number - 1]
    if (start === undefined || number < 1) return undefined
    const own = text.slice(start, starts[number] ?? text.length).replace(/[\r\n]+$/, '')
    const indent = /^[ \t]*/.exec(own)?.[0].length ?? 0
    const content = own.slice(indent).startsWith('#') ? '' : own.slice(indent).trimEnd()
    return { number, start, text: own, indent, content }
  }
  return {
    line,
    at: (offset) => {
      const found = line(Math.max(1, counter.linePos(Math.min(offset, text.length)).line))
      return found ?? { number: 1, start: 0, text: '', indent: 0, content: '' }
    },
    before(from, fits) {
      const last = Math.max(1, from.number - maxLinesBack)
      for (let number = from.number - 1; number >= last; number -= 1) {
        const found = line(number)
        if (found !== undefined && found.content !== '' && fits(found)) return found
      }
      return undefined
    },
  }
}
