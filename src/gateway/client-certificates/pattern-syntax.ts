import { PeerError } from '../../errors.ts'

/** A parsed pattern. */
export type Node =
  | { readonly kind: 'character'; readonly fits: (codePoint: number) => boolean }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly min: number; readonly max: number }

/**
 * Longest pattern, in UTF-16 units.
 *
 * @limit a pattern of `match_subject_alt_names`: the configuration does not load
 */
const maxPatternLength = 1_024
/**
 * RE2's bound of a counted repetition.
 *
 * @limit a counted repetition in a pattern of `match_subject_alt_names`: the configuration does
 * not load
 */
const maxRepeat = 1_000
/**
 * Deepest nesting of groups.
 *
 * @limit groups within groups in a pattern of `match_subject_alt_names`: the configuration does
 * not load
 */
const maxDepth = 50

interface Reader {
  readonly characters: readonly string[]
  at: number
  depth: number
}

/**
 * Parses the part of RE2's syntax that every engine reads alike: characters, `.`, classes, `\d`, `\w`,
 * groups, `|`, `*`, `+`, `?`, `{n,m}`, `^` and `$`. Throws `PeerError` `invalid-pattern`.
 *
 * @see https://github.com/google/re2/wiki/Syntax
 */
export function parsePattern(pattern: string): Node {
  if (pattern.length > maxPatternLength) {
    throw invalid(`it is longer than ${maxPatternLength} characters`)
  }
  const reader: Reader = { characters: Array.from(pattern), at: 0, depth: 0 }
  const node = parseChoice(reader)
  if (reader.at < reader.characters.length) throw invalid('")" has no "(" before it')
  return node
}

function peek(reader: Reader): string | undefined {
  return reader.characters[reader.at]
}

function take(reader: Reader): string | undefined {
  const character = peek(reader)
  reader.at += 1
  return character
}

function takeIf(reader: Reader, character: string): boolean {
  if (peek(reader) !== character) return false
  reader.at += 1
  return true
}

function parseChoice(reader: Reader): Node {
  const parts = [parseSequence(reader)]
  while (takeIf(reader, '|')) parts.push(parseSequence(reader))
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : { kind: 'choice', parts }
}

function parseSequence(reader: Reader): Node {
  const parts: Node[] = []
  for (;;) {
    const next = peek(reader)
    if (next === undefined || next === '|' || next === ')') return { kind: 'sequence', parts }
    parts.push(parseRepeat(reader))
  }
}

function parseRepeat(reader: Reader): Node {
  const part = parseAtom(reader)
  const range = parseQuantifier(reader)
  if (range === undefined) return part
  // Lazy or greedy: of a whole match it makes no difference.
  takeIf(reader, '?')
  if (parseQuantifier(reader) !== undefined) throw invalid('two repetitions follow each other')
  if (part.kind === 'start' || part.kind === 'end') throw invalid('"^" and "$" cannot be repeated')
  return { kind: 'repeat', part, ...range }
}

function parseQuantifier(reader: Reader): { min: number; max: number } | undefined {
  if (takeIf(reader, '*')) return { min: 0, max: Infinity }
  if (takeIf(reader, '+')) return { min: 1, max: Infinity }
  if (takeIf(reader, '?')) return { min: 0, max: 1 }
  if (!takeIf(reader, '{')) return undefined
  let text = ''
  for (let next = take(reader); next !== '}'; next = take(reader)) {
    if (next === undefined) throw invalid('"{" has no "}"; write "\\{" for the character')
    text += next
  }
  const [, from = '', comma, to = ''] = /^(\d{1,4})(,)?(\d{1,4})?$/.exec(text) ?? []
  const min = Number(from)
  const max = comma === undefined ? min : to === '' ? Infinity : Number(to)
  const isFine = from !== '' && min <= max && min <= maxRepeat && (max <= maxRepeat || to === '')
  if (!isFine) throw invalid(`"{${text}}" is no repetition of at most ${maxRepeat}`)
  return { min, max }
}

function parseAtom(reader: Reader): Node {
  const next = take(reader) ?? ''
  switch (next) {
    case '(':
      return parseGroup(reader)
    case '[':
      return parseClass(reader)
    case '.':
      return character((codePoint) => codePoint !== 0x0a)
    case '^':
      return { kind: 'start' }
    case '$':
      return { kind: 'end' }
    case '\\':
      return parseEscape(reader)
    case '*':
    case '+':
    case '?':
    case '{':
      throw invalid(`"${next}" repeats nothing; write "\\${next}" for the character`)
    case '}':
    case ']':
      throw invalid(`"${next}" stands alone; write "\\${next}" for the character`)
    default:
      return literal(next)
  }
}

function parseGroup(reader: Reader): Node {
  reader.depth += 1
  if (reader.depth > maxDepth) throw invalid('its groups are nested too deeply')
  if (takeIf(reader, '?') && !takeIf(reader, ':')) {
    throw invalid('of groups that begin with "(?" only "(?:" is supported')
  }
  const node = parseChoice(reader)
  if (!takeIf(reader, ')')) throw invalid('"(" has no ")"')
  reader.depth -= 1
  return node
}

function parseEscape(reader: Reader): Node {
  return character(escaped(take(reader)))
}

/** ASCII only, as in RE2. */
const escapes: Readonly<Record<string, RegExp>> = { d: /\d/, D: /\D/, w: /\w/, W: /\W/ }

function escaped(next: string | undefined): (codePoint: number) => boolean {
  const set = next === undefined ? undefined : escapes[next]
  if (set !== undefined) return (codePoint) => set.test(String.fromCodePoint(codePoint))
  if (next === undefined || !/^[!-/:-@[-`{-~]$/.test(next)) {
    throw invalid(`"\\${next ?? ''}" is not supported`)
  }
  return is(next)
}

function parseClass(reader: Reader): Node {
  const isNegated = takeIf(reader, '^')
  const sets: ((codePoint: number) => boolean)[] = []
  while (!takeIf(reader, ']')) sets.push(parseClassPart(reader))
  if (sets.length === 0) throw invalid('"[]" is empty; write "\\]" for the character')
  return character((codePoint) => sets.some((fits) => fits(codePoint)) !== isNegated)
}

function parseClassPart(reader: Reader): (codePoint: number) => boolean {
  const first = take(reader)
  if (first === undefined) throw invalid('"[" has no "]"')
  if (first === '[') throw invalid('"[" within a class is not supported; write "\\["')
  const isSet = first === '\\' && Object.hasOwn(escapes, peek(reader) ?? '')
  if (isSet) return escaped(take(reader))
  const from = first === '\\' ? escapedCharacter(reader) : first
  const isRange = peek(reader) === '-' && reader.characters[reader.at + 1] !== ']'
  if (!isRange) return is(from)
  reader.at += 1
  const last = take(reader)
  const to = last === '\\' ? escapedCharacter(reader) : last
  const [low, high] = [from.codePointAt(0), to?.codePointAt(0)]
  if (to === '[' || low === undefined || high === undefined || low > high) {
    throw invalid(`"${from}-${to ?? ''}" is no range`)
  }
  return (codePoint) => codePoint >= low && codePoint <= high
}

function escapedCharacter(reader: Reader): string {
  const next = take(reader)
  // Only to refuse what is no plain character.
  escaped(next)
  if (next === undefined || Object.hasOwn(escapes, next)) throw invalid(`"\\${next}" ends no range`)
  return next
}

function character(fits: (codePoint: number) => boolean): Node {
  return { kind: 'character', fits }
}

function literal(text: string): Node {
  return character(is(text))
}

function is(text: string): (codePoint: number) => boolean {
  const wanted = text.codePointAt(0)
  return (codePoint) => codePoint === wanted
}

function invalid(why: string): PeerError {
  return new PeerError('invalid-pattern', why)
}
