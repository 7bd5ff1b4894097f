import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  Composer,
  Lexer,
  LineCounter,
  Parser,
  YAMLParseError,
  isAlias,
  isMap,
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
import type { LibraryFault, TextFault } from './yaml-fault-words.ts'
import { explainerOf } from './yaml-faults.ts'
import { linesOf } from './yaml-lines.ts'
import { isMergeKey, isNode, keyText, offsetOf, readNodes } from './yaml-nodes.ts'

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
  return read(source, { text, lines }, parseDocument(text, optionsWith(lines)))
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
  return read(source, { text, lines }, document)
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

function read(
  source: string,
  { text, lines }: { readonly text: string; readonly lines: LineCounter },
  document: ReadDocument,
): YamlText {
  const problemAt = ({ offset, message, hint }: TextFault): Problem => {
    const { line, col } = lines.linePos(offset)
    return { source, line, column: col, path: '', message, ...(hint !== undefined && { hint }) }
  }
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0) {
    const explain = explainerOf(text, linesOf(text, lines), document.contents)
    const lineOf = (offset: number): number => lines.linePos(offset).line
    throw new ConfigError(firstFaults(faults, lineOf, explain).map(problemAt))
  }
  const reading = readNodes(document.contents, {
    problemAt: (node, message, hint) => problemAt({ offset: offsetOf(node), message, hint }),
    lineOf: (node) => lines.linePos(offsetOf(node)).line,
    emptyAnchor: (node, written, hint) => {
      const offset = Math.max(0, text.lastIndexOf(written, offsetOf(node)))
      return problemAt({ offset, message: `"${written}" names a value, and there is none`, hint })
    },
  })
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

/** One of a line, in the order of the text: what else the library says of that line follows from it. */
function firstFaults(
  faults: readonly LibraryFault[],
  lineOf: (offset: number) => number,
  explain: (fault: LibraryFault) => TextFault,
): readonly TextFault[] {
  const told: TextFault[] = []
  const seen = new Set<number>()
  for (const fault of faults) {
    if (told.length === maxSyntaxProblems) break
    const line = lineOf(fault.pos[0])
    if (seen.has(line)) continue
    const found = explain(fault)
    const isNew = !seen.has(lineOf(found.offset))
    if (isNew && (told.length === 0 || found.isUnexplained !== true)) told.push(found)
    seen.add(line).add(lineOf(found.offset))
  }
  return told.toSorted((a, b) => a.offset - b.offset)
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
