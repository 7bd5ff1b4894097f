import { isCollection, isScalar, visit, type Node } from 'yaml'
import {
  inQuotes,
  isInBrackets,
  plainFrom,
  shortened,
  type Explain,
  type FaultView,
  type LibraryFault,
  type TextFault,
} from './yaml-fault-words.ts'
import { layoutFaults } from './yaml-layout-faults.ts'
import type { TextLines } from './yaml-lines.ts'

// The YAML library tells where its grammar stopped making sense. People want to know what they wrote that was not meant
// so: a quote that is open since line 3, a "-" that is missing, a value that began another key.

/** Puts the faults of a text into plain words, each as it is asked for. */
export function explainerOf(
  text: string,
  lines: TextLines,
  contents: unknown,
): (fault: LibraryFault) => TextFault {
  let found: readonly Node[] | undefined
  const view: FaultView = { text, lines, enclosed: () => (found ??= enclosedIn(contents)) }
  return (fault) => {
    const [offset] = fault.pos
    const line = lines.at(offset)
    for (const explain of explanations) {
      const explained = explain(fault, line, view)
      if (explained !== undefined) return explained
    }
    const message = `is not valid YAML: ${fault.message.charAt(0).toLowerCase()}${fault.message.slice(1)}`
    return { offset, message, isUnexplained: true }
  }
}

const secondDocument: Explain = ({ code, pos: [offset] }) =>
  code === 'MULTIPLE_DOCS'
    ? { offset, message: 'starts a second document: one is expected' }
    : undefined

const depth: Explain = ({ code, pos: [offset] }) =>
  code === 'RESOURCE_EXHAUSTION' ? { offset, message: 'is nested too deeply' } : undefined

const tab: Explain = ({ code }, line) => {
  const at = line.text.slice(0, line.indent).indexOf('\t')
  if (at === -1 || code === 'MULTIPLE_DOCS') return undefined
  const message = 'is indented with a tab: YAML takes spaces only'
  return { offset: line.start + at, message }
}

const openQuote: Explain = ({ code, message, pos: [end] }, line, { text, lines, enclosed }) => {
  if (code !== 'MISSING_CHAR' || !/^Missing closing ["']quote$/.test(message)) return undefined
  const quote = message.includes('"') ? '"' : "'"
  const start = enclosed().find((node) => isScalar(node) && node.range?.[1] === end)?.range?.[0]
  const offset = start ?? Math.max(text.lastIndexOf(quote, end - 1), 0)
  const { start: lineStart, text: own } = start === undefined ? line : lines.at(offset)
  const value = own.slice(offset - lineStart).trimEnd()
  return {
    offset,
    message: `opens a quote, ${quote}, that is never closed`,
    hint: `close it, as in ${shortened(value)}${quote}`,
  }
}

const behindQuote: Explain = ({ message, pos: [offset] }, line, { text, lines, enclosed }) => {
  if (message !== 'Unexpected scalar at node end') return undefined
  const before = text.slice(Math.max(0, offset - maxGap), offset).trimEnd()
  const end = offset - (Math.min(offset, maxGap) - before.length)
  const start = enclosed().find((node) => isScalar(node) && node.range?.[1] === end)?.range?.[0]
  const quote = start === undefined ? undefined : text[start]
  if (start === undefined || quote === undefined) return undefined
  if (lines.at(start).number < line.number) {
    const hint = `a quote is probably missing at the end of line ${lines.at(start).number}`
    const closes = `opens a quote, ${quote}, that closes on line ${line.number} in the middle`
    return { offset: start, message: closes, hint }
  }
  const hint =
    quote === "'"
      ? "write '' for an apostrophe between ' and ', or take \" around the value"
      : 'write \\" for a quote between " and ", or take \' around the value'
  return { offset, message: `stands behind the ${quote} that closes the value`, hint }
}

/** @limit none: blanks between a value and what follows it, more than anybody writes */
const maxGap = 100

const openBracket: Explain = ({ message, pos: [end] }, _line, { text, enclosed }) => {
  const [, kind] =
    /^(?:Flow|Expected flow) (map|sequence) (?:in block collection )?(?:must|to end)/.exec(
      message,
    ) ?? []
  if (kind === undefined) return undefined
  const around = enclosed().filter(
    (node) =>
      isCollection(node) &&
      (node.range?.[0] ?? end) < end &&
      (node.range?.[2] ?? 0) >= end - maxGap,
  )
  const [open, close] = kind.toLowerCase() === 'map' ? ['{', '}'] : ['[', ']']
  const start = around.map((node) => node.range?.[0] ?? 0).findLast((at) => text[at] === open)
  if (start === undefined) return undefined
  return {
    offset: start,
    message: `opens "${open}", which is never closed`,
    hint: `add the "${close}"; lines up to it must be indented further than the key`,
  }
}

const strayBracket: Explain = ({ message, pos: [offset] }) => {
  const [, bracket] =
    /^Unexpected flow-(?:seq|map)-end token in YAML stream: "(.)"/.exec(message) ?? []
  return bracket === undefined
    ? undefined
    : { offset, message: `has a "${bracket}" that closes nothing` }
}

const reservedStarts: Readonly<Record<string, string>> = {
  BAD_SCALAR_START: 'which a value may begin with only in quotes',
  BAD_ALIAS: 'which stands for another value in YAML',
  TAG_RESOLVE_FAILED: 'which is the tag of a value in YAML, and there are none here',
  BAD_DIRECTIVE: 'which is a directive in YAML',
}

const reservedStart: Explain = ({ code, message, pos: [at] }, line, view) => {
  const { text } = view
  const isBlockHeader = message.startsWith('Block scalar header includes extra characters')
  const why = isBlockHeader ? 'which announces lines of text in YAML' : reservedStarts[code]
  if (why === undefined) return undefined
  const from = isBlockHeader ? Math.max(text.lastIndexOf('|', at), text.lastIndexOf('>', at)) : at
  const offset = Math.max(from, line.start)
  const first = text[offset] ?? ''
  const value = plainFrom(line.text.slice(offset - line.start), isInBrackets(offset, view))
  return { offset, message: `begins with "${first}", ${why}`, hint: inQuotes(value) }
}

/** Told of the line behind a "%" at the beginning, as of a document whose directives do not end. */
const directive: Explain = ({ message }, line, { lines }) => {
  if (!message.startsWith('Missing directives-end')) return undefined
  const found = lines.before(line, ({ text }) => text.startsWith('%'))
  return (
    found && {
      offset: found.start,
      message: `begins with "%", ${reservedStarts['BAD_DIRECTIVE']}`,
      hint: inQuotes(plainFrom(found.text)),
    }
  )
}

const badEscape: Explain = ({ code, pos: [offset] }, _line, { text }) =>
  code === 'BAD_DQ_ESCAPE'
    ? {
        offset,
        message: `has "${text.slice(offset, offset + 2)}", which means nothing between " and "`,
        hint: "take ' around the value, where a backslash is one, or write \\\\",
      }
    : undefined

/** The first that has an explanation gives it. */
const explanations: readonly Explain[] = [
  secondDocument,
  depth,
  tab,
  openQuote,
  behindQuote,
  openBracket,
  strayBracket,
  reservedStart,
  directive,
  badEscape,
  ...layoutFaults,
]

function enclosedIn(contents: unknown): readonly Node[] {
  const found: Node[] = []
  const note = (_: unknown, node: Node): void => {
    const isQuoted =
      isScalar(node) && (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE')
    if (isQuoted || (isCollection(node) && node.flow === true)) found.push(node)
  }
  // Every node, keys too.
  if (typeof contents === 'object' && contents !== null) visit(contents as Node, note as never)
  return found
}
