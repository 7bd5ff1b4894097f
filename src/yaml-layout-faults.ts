import {
  isInBrackets,
  plainFrom,
  quoted,
  shortened,
  type Explain,
  type TextFault,
} from './yaml-fault-words.ts'
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
const keyInValue: Explain = ({ message, pos: [offset] }, line, view) => {
  if (!/^(?:Nested mappings|Block collections) are not allowed/.test(message)) return undefined
  const value = plainFrom(line.text.slice(offset - line.start), isInBrackets(offset, view))
  if (!/:(?: |$)/.test(value)) return undefined
  const [, key = 'key'] = /([\w.-]+): *$/.exec(line.text.slice(0, offset - line.start)) ?? []
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

/** An item of a list where there are keys, or where the items before it stand elsewhere. */
const itemAmongKeys: Explain = ({ code }, line, { lines }) => {
  if (!structural.has(code) || !startsItem(line)) return undefined
  const owner = lines.before(
    line,
    (other) => other.indent < line.indent || (other.indent === line.indent && !startsItem(other)),
  )
  const first = owner && nextWithContent(owner, lines)
  if (owner === undefined || first === undefined) return undefined
  if (first.number !== line.number) {
    if (!startsItem(first)) {
      const isListOf = owner.content.endsWith(':') && first.indent >= line.indent
      return isListOf ? withoutDash(first, `line ${line.number} goes on with one`) : undefined
    }
    return first.indent > line.indent ? besideItem(line, first) : undefined
  }
  // A list may stand at the depth of its key.
  if (owner.content.endsWith(':')) return undefined
  if (owner.indent !== line.indent) return startsItem(owner) ? besideItem(line, owner) : undefined
  if (!keyAndValue.test(owner.content)) return withoutColon(owner)
  const top = firstBeside(owner, lines)
  // Keys of an item before it: it is that item which this one stands beside.
  const item = lines.before(top, ({ indent }) => indent < top.indent)
  if (item !== undefined && item.indent + dashesOf(item) === top.indent)
    return startsItem(item) ? besideItem(line, item) : undefined
  if (owner.indent > 0) return withoutDash(top, `line ${line.number} goes on with one`)
  const message = 'is an item of a list ("-") among keys'
  return { offset: line.start, message, hint: 'indent it below the key that it belongs to' }
}

function besideItem({ start, indent }: TextLine, item: TextLine): TextFault {
  return {
    offset: start + indent,
    message: `is indented by ${indent}, and the items before it by ${item.indent}`,
    hint: item.indent === 0 ? 'do not indent it' : `indent it by ${item.indent} spaces`,
  }
}

/** A key at the depth of items. */
const keyAmongItems: Explain = ({ code }, line, { lines }) => {
  if (!structural.has(code) || startsItem(line)) return undefined
  const first = firstBeside(line, lines)
  const beside = lines.before(first, ({ indent }) => indent <= line.indent)
  if (beside === undefined || beside.indent !== line.indent || !startsItem(beside)) return undefined
  return withoutDash(first, `line ${beside.number} begins with one`)
}

function withoutDash({ start, indent, content }: TextLine, other: string): TextFault {
  return {
    offset: start + indent,
    message: `has no "-" before it, and ${other}: a list needs it for each item`,
    hint: `write "- ${shortened(content)}"`,
  }
}

function withoutColon({ start, indent, content }: TextLine): TextFault {
  const [, key, value = ''] = /^((?:- +)*[\w.-]+) +(\S+)$/.exec(content) ?? []
  const hint =
    key === undefined
      ? `write "${shortened(content)}: …", or put it on the line of the value it belongs to`
      : `write ${shortened(`${key}: ${value}`)}`
  const message = 'is neither a key with a ":" nor an item with a "-"'
  return { offset: start + indent, message, hint }
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

/** A line that is indented further than a key with a value. */
const belowValue: Explain = ({ code }, line, { lines }) => {
  if (!structural.has(code)) return undefined
  const above = lines.before(line, () => true)
  const next = nextWithContent(line, lines)
  return (
    (next && deeperThan(line, next)) ??
    (code === 'BAD_INDENT' && above ? deeperThan(above, line) : undefined)
  )
}

function deeperThan(above: TextLine, line: TextLine): TextFault | undefined {
  const [, dashes = '', key, value = ''] = keyAndValue.exec(above.content) ?? []
  // Behind such a character there are lines, or what stands for a value without one.
  if (key === undefined || value === '' || /^[|>&#!]/.test(value)) return undefined
  if (line.indent <= above.indent + dashes.length) return undefined
  const name = `"${shortened(key)}"`
  const hint = startsItem(line)
    ? `leave the value of ${name} away, or indent this as ${name} is`
    : `indent it as ${name} is`
  const message = `is indented further than ${name} before it, which has a value already`
  return { offset: line.start + line.indent, message, hint }
}

/** A line between two depths. */
const betweenDepths: Explain = ({ code }, line, { lines }) => {
  if (code !== 'BAD_INDENT' && code !== 'MISSING_CHAR') return undefined
  const parent = lines.before(line, ({ indent }) => indent < line.indent)
  const above = lines.before(line, () => true)
  if (parent === undefined || above === undefined) return undefined
  if (above.indent + dashesOf(above) <= line.indent) return undefined
  const width = dashesOf(parent)
  const sibling = width === 0 ? nextWithContent(parent, lines) : parent
  const wanted = width === 0 ? (sibling?.indent ?? 0) : parent.indent + width
  if (sibling === undefined || wanted <= parent.indent || wanted === line.indent) return undefined
  return {
    offset: line.start + line.indent,
    message: `is indented by ${line.indent}, and line ${sibling.number} beside it by ${wanted}`,
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

const noColon: Explain = ({ code, message }, line) => {
  const isKeyless =
    code === 'MULTILINE_IMPLICIT_KEY' || message.startsWith('Implicit map keys need')
  if (!isKeyless || keyAndValue.test(line.content) || /^['"]/.test(line.content)) return undefined
  return withoutColon(line)
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
  itemAmongKeys,
  keyAmongItems,
  belowValue,
  betweenDepths,
  noColon,
]
