import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  Composer,
  Lexer,
  LineCounter,
  Parser,
  YAMLParseError,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
} from 'yaml'
import type {
  Alias,
  CST,
  DocumentOptions,
  Node,
  Pair,
  ParseOptions,
  SchemaOptions,
  YAMLMap,
} from 'yaml'
import { ConfigError } from './errors.ts'
import type { Problem } from './errors.ts'

/** Leads from a document's root to a value in it. */
export type Path = readonly (string | number)[]

export interface ProblemDetails {
  readonly hint?: string | undefined
  /** Point at the key instead of its value: for a key that should not be there. */
  readonly at?: 'key' | 'value'
}

/** A YAML or JSON text as plain values, which still knows where each of them stands. */
export interface YamlText {
  /** The file's path as it was given, or the name of an environment variable. */
  readonly source: string
  /** Undefined for a text without any content. Aliases and merge keys are resolved. */
  readonly value: unknown
  /** A fault at a path; where the path leads nowhere, at the nearest value above it. */
  problem(path: Path, message: string, details?: ProblemDetails): Problem
}

/**
 * Most values a document may hold once its aliases are expanded: every reader below walks them all,
 * and a few nested aliases can make billions of a few lines.
 *
 * @limit values of a configuration, aliases expanded: it does not load
 */
const maxExpandedValues = 200_000

/**
 * The same of what they are made of: one long text costs nothing to name again, and much to write down each time.
 *
 * @limit characters of the values and keys of a configuration, aliases expanded: it does not load
 */
const maxExpandedChars = 32 * 1024 * 1024

/**
 * A broken text makes follow-up faults on every line; the first ones are what helps.
 *
 * @limit none: how many faults of a broken text are shown
 */
const maxSyntaxProblems = 10

/**
 * Reads a YAML 1.2 text (JSON is a subset of it) with anchors and merge keys.
 *
 * @throws {ConfigError} with the faults of the text itself: syntax, a key given twice, an alias that
 * leads nowhere, in a circle or to too much.
 */
export function parseYaml(source: string, text: string): YamlText {
  const lines = new LineCounter()
  return read(source, lines, parseDocument(text, optionsWith(lines)))
}

/** Lexemes that are read before others get their turn. */
const lexemesPerTurn = 500

/**
 * The same, and others get their turn while the text is taken apart, which is most of the work; what follows holds up
 * everybody for some tens of milliseconds of 100 KiB.
 *
 * @throws as `parseYaml`
 */
export async function parseYamlInTurns(source: string, text: string): Promise<YamlText> {
  const lines = new LineCounter()
  lines.addNewLine(0)
  const parser = new Parser(lines.addNewLine)
  const tokens: CST.Token[] = []
  let lexemes = 0
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme))
    lexemes += 1
    if (lexemes % lexemesPerTurn === 0) await nextTurn()
  }
  tokens.push(...parser.end())
  const [document, second] = new Composer(optionsWith(lines)).compose(tokens, true, text.length)
  if (document === undefined) throw new TypeError('a text without a document')
  // As `parseDocument` does.
  if (second !== undefined) {
    const message = 'Source contains multiple documents; please use YAML.parseAllDocuments()'
    document.errors.push(
      new YAMLParseError([second.range[0], second.range[1]], 'MULTIPLE_DOCS', message),
    )
  }
  return read(source, lines, document)
}

function optionsWith(lines: LineCounter): DocumentOptions & ParseOptions & SchemaOptions {
  return {
    // A `%YAML 1.1` directive would otherwise turn "no" into false and 1:30 into 90.
    schema: 'core',
    // A tag would make a date or bytes of a text: none of ours is anything but plain values.
    resolveKnownTags: false,
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    // Told here, with the place of the first one.
    uniqueKeys: false,
  }
}

function read(source: string, lines: LineCounter, document: ReadDocument): YamlText {
  const problemAt = (offset: number, message: string): Problem => {
    const { line, col } = lines.linePos(offset)
    return { source, line, column: col, path: '', message }
  }
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0) {
    throw new ConfigError(onePerLine(faults.map((e) => problemAt(e.pos[0], syntaxMessage(e)))))
  }
  const reading = readNodes(document.contents, (node, message) =>
    problemAt(node.range?.[0] ?? 0, message),
  )
  if (reading.problems.length > 0) throw new ConfigError(reading.problems)
  const find = createFinder(document.contents, reading.targets)
  return {
    source,
    value: reading.value,
    problem(path, message, { hint, at = 'value' } = {}) {
      const offset = find(path, at)
      const place = offset === undefined ? undefined : lines.linePos(offset)
      return {
        source,
        line: place?.line,
        column: place?.col,
        path: formatPath(path),
        message,
        ...(hint === undefined ? {} : { hint }),
      }
    },
  }
}

type ReadDocument = Pick<ReturnType<typeof parseDocument>, 'contents' | 'errors' | 'warnings'>

/** Formats a path as `routes[3].policy[0].allow`; keys with unusual characters are quoted. */
export function formatPath(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`
      if (!/^[\w/-]+$/.test(step)) return `[${JSON.stringify(step)}]`
      return index === 0 ? step : `.${step}`
    })
    .join('')
}

interface SyntaxFault {
  readonly code: string
  readonly message: string
}

function syntaxMessage({ code, message }: SyntaxFault): string {
  if (code === 'TAB_AS_INDENT') return 'is indented with a tab: YAML takes spaces only'
  if (code === 'MULTIPLE_DOCS') return 'starts a second document: one is expected'
  if (code === 'RESOURCE_EXHAUSTION') return 'is nested too deeply'
  return `is not valid YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`
}

function onePerLine(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<number | undefined>()
  const firsts = problems.filter(({ line }) => !seen.has(line) && seen.add(line))
  return firsts.slice(0, maxSyntaxProblems)
}

interface Reading {
  readonly value: unknown
  readonly problems: readonly Problem[]
  /** What each alias stands for. */
  readonly targets: ReadonlyMap<Alias, Node>
}

interface Read {
  readonly value: unknown
  /** How many values this is with every alias expanded. */
  readonly size: number
  /** Characters of these and of their keys. */
  readonly chars: number
}

const nothing: Read = { value: null, size: 1, chars: 0 }

/**
 * Turns nodes into plain values, each anchored node once: aliases share it, so that the cost is that
 * of the text and not of what it expands to.
 */
function readNodes(root: unknown, problemAt: (node: Node, message: string) => Problem): Reading {
  const problems: Problem[] = []
  const targets = new Map<Alias, Node>()
  const anchors = new Map<string, Node>()
  const done = new Map<Node, Read>()
  const fault = (node: Node, message: string): Read => {
    problems.push(problemAt(node, message))
    return nothing
  }

  const readAlias = (alias: Alias): Read => {
    const target = anchors.get(alias.source)
    if (target === undefined) return fault(alias, `unknown alias "*${alias.source}"`)
    const read = done.get(target)
    if (read === undefined) return fault(alias, `alias "*${alias.source}" contains itself`)
    targets.set(alias, target)
    return read
  }

  const readKey = (pair: Pair, map: YAMLMap): string | undefined => {
    const key = keyText(pair)
    if (key !== undefined) return key
    fault(isNode(pair.key) ? pair.key : map, 'a key must be text')
    return undefined
  }

  const readMap = (map: YAMLMap): Read => {
    const own = new Map<string, unknown>()
    const merged = new Map<string, unknown>()
    let size = 1
    let chars = 0
    for (const pair of map.items) {
      const key = readKey(pair, map)
      const read = readNode(pair.value)
      size += read.size
      chars += read.chars + (key?.length ?? 0)
      if (key === undefined || !isNode(pair.key)) continue
      if (isMergeKey(pair)) merge(merged, read.value, pair.key)
      else if (own.has(key)) fault(pair.key, `"${key}" is given twice`)
      else own.set(key, read.value)
    }
    // Own keys win over merged ones (https://yaml.org/type/merge.html).
    return { value: Object.fromEntries([...merged, ...own]), size, chars }
  }

  const merge = (into: Map<string, unknown>, value: unknown, key: Node): void => {
    for (const source of Array.isArray(value) ? value : [value]) {
      if (typeof source !== 'object' || source === null || Array.isArray(source)) {
        fault(key, '"<<" must name a mapping, or a list of them')
        return
      }
      for (const [name, item] of Object.entries(source)) if (!into.has(name)) into.set(name, item)
    }
  }

  const readContent = (node: Node): Read => {
    if (isMap(node)) return readMap(node)
    if (isSeq(node)) {
      const items = node.items.map(readNode)
      return {
        value: items.map(({ value }) => value),
        size: items.reduce((sum, item) => sum + item.size, 1),
        chars: items.reduce((sum, item) => sum + item.chars, 0),
      }
    }
    if (!isScalar(node)) return nothing
    const { value } = node
    return { value, size: 1, chars: typeof value === 'string' ? value.length : 0 }
  }

  const readNode = (node: unknown): Read => {
    if (!isNode(node)) return nothing
    if (isAlias(node)) return readAlias(node)
    const anchor = 'anchor' in node && typeof node.anchor === 'string' ? node.anchor : undefined
    if (anchor !== undefined) anchors.set(anchor, node)
    const read = readContent(node)
    if (anchor !== undefined) done.set(node, read)
    return read
  }

  if (!isNode(root)) return { value: undefined, problems, targets }
  const { value, size, chars } = readNode(root)
  if (size > maxExpandedValues) {
    fault(root, `holds more than ${maxExpandedValues} values once its aliases are expanded`)
  } else if (chars > maxExpandedChars) {
    fault(root, `holds more than ${maxExpandedChars} characters once its aliases are expanded`)
  }
  return { value, problems, targets }
}

function isNode(value: unknown): value is Node {
  return isAlias(value) || isMap(value) || isSeq(value) || isScalar(value)
}

/** YAML lets numbers and flags be keys; here they are the text that was written. */
function keyText({ key }: Pair): string | undefined {
  if (!isScalar(key) || key.value === null) return undefined
  return typeof key.value === 'string' ? key.value : (key.source ?? JSON.stringify(key.value))
}

function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.value === '<<' && pair.key.type === 'PLAIN'
}

type Find = (path: Path, at: 'key' | 'value') => number | undefined

/** Finds the offset of what a path leads to; undefined for the whole document. */
function createFinder(root: unknown, targets: ReadonlyMap<Alias, Node>): Find {
  const resolve = (node: unknown): unknown => (isAlias(node) ? targets.get(node) : node)

  /** Of each mapping that was looked into: one with many faults is so for each of them. */
  const pairsByKey = new WeakMap<YAMLMap, ReadonlyMap<string | undefined, Pair>>()
  const pairsOf = (map: YAMLMap): ReadonlyMap<string | undefined, Pair> => {
    const known = pairsByKey.get(map)
    if (known !== undefined) return known
    // Merge keys are no keys, and may be there several times.
    const own = map.items.filter((pair) => !isMergeKey(pair))
    const pairs = new Map(own.map((pair) => [keyText(pair), pair]))
    pairsByKey.set(map, pairs)
    return pairs
  }

  const findPair = (map: YAMLMap, key: string): Pair | undefined => {
    const own = pairsOf(map).get(key)
    if (own !== undefined) return own
    for (const { value } of map.items.filter(isMergeKey)) {
      const merged = resolve(value)
      for (const source of isSeq(merged) ? merged.items.map(resolve) : [merged]) {
        const pair = isMap(source) ? findPair(source, key) : undefined
        if (pair !== undefined) return pair
      }
    }
    return undefined
  }

  const step = (
    node: unknown,
    to: string | number,
  ): { key: unknown; value: unknown } | undefined => {
    const from = resolve(node)
    if (isMap(from)) return findPair(from, String(to))
    if (isSeq(from) && typeof to === 'number' && to in from.items) {
      return { key: from.items[to], value: from.items[to] }
    }
    return undefined
  }

  return (path, at) => {
    let found: { key: unknown; value: unknown } | undefined
    for (const [index, to] of path.entries()) {
      const next = step(index === 0 ? root : found?.value, to)
      if (next === undefined) break
      found = next
    }
    const node = at === 'key' ? found?.key : (found?.value ?? found?.key)
    return isNode(node) ? node.range?.[0] : undefined
  }
}
