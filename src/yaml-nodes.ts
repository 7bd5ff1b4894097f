import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Alias, Node, Pair, YAMLMap } from 'yaml'
import type { Problem } from './errors.ts'
import { inQuotes } from './yaml-fault-words.ts'

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

/** The values of a document, and what is wrong with them. */
export interface Reading {
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

/** How what is wrong is told. */
export interface Places {
  problemAt(node: Node, message: string, hint: string | undefined): Problem
  /** 1-based. */
  lineOf(node: Node): number
  /** Of an anchor with nothing behind it, where it is written. */
  emptyAnchor(node: Node, written: string, hint: string): Problem
}

export function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0
}

/** For what begins with a character that YAML takes for something else. */
function textItself(written: string): string {
  return `if the text itself is meant, ${inQuotes(written)}`
}

/**
 * Turns nodes into plain values, each anchored node once: aliases share it, so that the cost is that
 * of the text and not of what it expands to.
 */
export function readNodes(root: unknown, { problemAt, lineOf, emptyAnchor }: Places): Reading {
  const problems: Problem[] = []
  const targets = new Map<Alias, Node>()
  const anchors = new Map<string, Node>()
  const done = new Map<Node, Read>()
  const fault = (node: Node, message: string, hint?: string): Read => {
    problems.push(problemAt(node, message, hint))
    return nothing
  }

  const readAlias = (alias: Alias): Read => {
    const target = anchors.get(alias.source)
    if (target === undefined) {
      const written = `*${alias.source}`
      return fault(alias, `unknown alias "${written}"`, textItself(written))
    }
    const read = done.get(target)
    if (read === undefined) return fault(alias, `alias "*${alias.source}" contains itself`)
    targets.set(alias, target)
    return read
  }

  const readKey = (pair: Pair, map: YAMLMap): string | undefined => {
    const key = keyText(pair)
    if (key !== undefined) return key
    const isTemplate = isMap(pair.key) && map.flow === true
    const hint = isTemplate ? 'where "{{" begins a text, put all of it in quotes' : undefined
    fault(isNode(pair.key) ? pair.key : map, 'a key must be text', hint)
    return undefined
  }

  const readMap = (map: YAMLMap): Read => {
    const own = new Map<string, unknown>()
    const keys = new Map<string, Node>()
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
      else if (own.has(key)) {
        const first = lineOf(keys.get(key) ?? pair.key)
        fault(pair.key, `"${key}" is given twice: the first one is on line ${first}`)
      } else {
        own.set(key, read.value)
        keys.set(key, pair.key)
      }
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
    if (anchor !== undefined) {
      if (isScalar(node) && node.value === null && node.source === '')
        problems.push(emptyAnchor(node, `&${anchor}`, textItself(`&${anchor}`)))
      anchors.set(anchor, node)
    }
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

export function isNode(value: unknown): value is Node {
  return isAlias(value) || isMap(value) || isSeq(value) || isScalar(value)
}

/** YAML lets numbers and flags be keys; here they are the text that was written. */
export function keyText({ key }: Pair): string | undefined {
  if (!isScalar(key) || key.value === null) return undefined
  return typeof key.value === 'string' ? key.value : (key.source ?? JSON.stringify(key.value))
}

export function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.value === '<<' && pair.key.type === 'PLAIN'
}
