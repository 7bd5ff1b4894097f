import { plainFrom, quoted, shortened, type Explain } from './yaml-fault-words.ts'
import type { TextLine, TextLines } from './yaml-lines.ts'

// What is wrong with lines beside each other: keys, the "-" of lists, and how far they are indented.

const listOnKeyLine: Explain = ({ message, pos: [offset] }) =>
  message.startsWith('Unexpected block-seq-ind on same line')
    ? {
        offset,
        message: 'begins a list on the line of its key',
        hint: 'begin it on the next line, or write it in brackets: [a, b]',
      }
    : undefined

const keyAndValue = /^((?:- +)*)([^\s#'"[\]{},:][^:#]*?):(?: +(.*))?$/

/** `name: prod: ssh` */
const keyInValue: Explain = ({ message, pos: [offset] }, line) => {
  if (!message.startsWith('Nested mappings are not allowed')) return undefined
  const value = plainFrom(line.text.slice(offset - line.start))
  if (!/:(?: |$)/.test(value)) return undefined
  const [, , key = 'key'] = keyAndValue.exec(line.content) ?? []
  return {
    offset,
    message: 'has ": " in a value, which begins another key there',
    hint: `put the value in quotes: ${key}: ${quoted(value)}`,
  }
}

const dashWithoutSpace: Explain = ({ code }, line) => {
  if (!structural.has(code)) return undefined
  const [, content] = /^-([^\s-].*)$/.exec(line.content) ?? []
  if (content === undefined) return undefined
  const offset = line.start + line.indent
  return { offset, message: 'has no space behind the "-"', hint: `write "- ${shortened(content)}"` }
}

const colonWithoutSpace: Explain = ({ code }, line) => {
  if (!structural.has(code)) return undefined
  const [, dashes = '', key, value = ''] =
    /^((?:- +)*)([\w.-]+):([^\s:].*)$/.exec(line.content) ?? []
  if (key === undefined || /^[a-z]+:\/\//i.test(line.content)) return undefined
  const offset = line.start + line.indent + dashes.length + key.length
  return {
    offset,
    message: 'has no space behind the ":"',
    hint: `write "${shortened(`${key}: ${value}`)}"`,
  }
}

/** Lines at one depth of which some begin with "-" and others not. */
const missingDash: Explain = ({ code }, line, { lines }) => {
  if (!structural.has(code)) return undefined
  const isItem = startsItem(line)
  const first = isItem ? line : firstBeside(line, lines)
  const beside = lines.before(first, ({ indent }) => indent <= line.indent)
  if (beside === undefined || beside.indent !== line.indent) return undefined
  if (isItem === startsItem(beside)) return undefined
  const where = isItem ? firstBeside(beside, lines) : first
  const other = isItem
    ? `line ${line.number} goes on with one`
    : `line ${beside.number} begins with one`
  return {
    offset: where.start + where.indent,
    message: `has no "-" before it, and ${other}: a list needs it for each item`,
    hint: `write "- ${shortened(where.content)}"`,
  }
}

function startsItem({ content }: TextLine): boolean {
  return /^-(?: |$)/.test(content)
}

/** The first of the keys of one mapping, going back from one of them. */
function firstBeside(line: TextLine, lines: TextLines): TextLine {
  let first = line
  for (;;) {
    const { indent } = first
    const before = lines.before(first, (other) => other.indent <= indent)
    if (before === undefined || before.indent !== indent || startsItem(before)) return first
    first = before
  }
}

/** A line that is indented further than a key with a value, or like nothing before it. */
const indentation: Explain = ({ code }, line, { lines }) => {
  if (!structural.has(code)) return undefined
  const next = nextWithContent(line, lines)
  const [, dashes = '', key, value = ''] = keyAndValue.exec(line.content) ?? []
  const isTooDeep =
    key !== undefined &&
    value !== '' &&
    next !== undefined &&
    next.indent > line.indent + dashes.length
  if (isTooDeep) {
    const offset = next.start + next.indent
    const message = `is indented further than "${shortened(key)}" before it, which has a value already`
    const hint = startsItem(next)
      ? `leave the value of "${shortened(key)}" away, or indent this as "${shortened(key)}" is`
      : `indent it as "${shortened(key)}" is`
    return { offset, message, hint }
  }
  if (code !== 'BAD_INDENT' && code !== 'MISSING_CHAR') return undefined
  const parent = lines.before(line, ({ indent }) => indent < line.indent)
  const above = lines.before(line, () => true)
  if (parent === undefined || above === undefined) return undefined
  if (above.indent + dashesOf(above) <= line.indent) return undefined
  const width = dashesOf(parent)
  const wanted = width === 0 ? firstBelow(parent, lines)?.indent : parent.indent + width
  if (wanted === undefined || wanted === line.indent) return undefined
  return {
    offset: line.start + line.indent,
    message: `is indented by ${line.indent}, and what it stands beside by ${wanted}`,
    hint: `indent it by ${wanted} spaces, or as far as the key it belongs to`,
  }
}

/** How far the content of an item stands from its first "-". */
function dashesOf({ content }: TextLine): number {
  return /^(?:- +)*/.exec(content)?.[0].length ?? 0
}

/** @limit none: lines without content between two that do not fit */
const maxEmptyLines = 100

function nextWithContent(line: TextLine, lines: TextLines): TextLine | undefined {
  for (let number = line.number + 1; number <= line.number + maxEmptyLines; number += 1) {
    const next = lines.line(number)
    if (next === undefined || next.content !== '') return next
  }
  return undefined
}

function firstBelow(line: TextLine, lines: TextLines): TextLine | undefined {
  const next = nextWithContent(line, lines)
  return next !== undefined && next.indent > line.indent ? next : undefined
}

const noColon: Explain = ({ code, message }, line) => {
  const isKeyless =
    code === 'MULTILINE_IMPLICIT_KEY' || message.startsWith('Implicit map keys need')
  if (!isKeyless || keyAndValue.test(line.content) || /['"]/.test(line.content)) return undefined
  const offset = line.start + line.indent
  return {
    offset,
    message: 'is neither a key with a ":" nor an item with a "-"',
    hint: `write "${shortened(line.content)}: …", or put it on the line of the value it belongs to`,
  }
}

/** What the library says of lines that do not fit each other. */
const structural: ReadonlySet<string> = new Set([
  'BAD_INDENT',
  'BLOCK_AS_IMPLICIT_KEY',
  'MULTILINE_IMPLICIT_KEY',
  'MISSING_CHAR',
  'UNEXPECTED_TOKEN',
])

/** In the order in which they are tried. */
export const layoutFaults: readonly Explain[] = [
  listOnKeyLine,
  keyInValue,
  dashWithoutSpace,
  colonWithoutSpace,
  missingDash,
  indentation,
  noColon,
]
