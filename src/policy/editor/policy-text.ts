import { ConfigError, type Problem } from '../../errors.ts'
import { parseYaml, type YamlText } from '../../yaml-text.ts'
import { parseApplicationPolicy } from '../cloudflare/parse.ts'
import { parseRoutePolicy, type ClientCertificateUse } from '../language/shorthand.ts'
import type { PolicyProblem } from '../policy.ts'

/** Which of the two languages a text is in: the value of the key of this name. */
export type PolicyForm = 'policy' | 'policies'

/** A fault at its place in a text, both ends counted from 1; the end is behind the last character. */
export interface TextProblem {
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
  readonly message: string
  readonly hint?: string
}

export interface CheckOptions {
  /** **Default:** policies may ask for certificates */
  readonly clientCertificates?: ClientCertificateUse
}

/** A text that is right, or everything that is wrong with it. */
export type CheckedText =
  | { readonly document: unknown; readonly place: PlaceOf }
  | { readonly problems: readonly TextProblem[] }

/**
 * A text that is wrong in every line needs no more than its beginning.
 *
 * @limit faults of the text of a policy that are told: the first ones
 */
const maxProblems = 100

/**
 * Deeper than a policy can be: the parser of YAML would go as far as its memory goes.
 *
 * @limit brackets within each other in the text of a policy: it is said to be nested too deeply
 */
const maxBrackets = 50

/** Puts a fault of the document at its place in the text. */
export type PlaceOf = (problem: PolicyProblem) => TextProblem

/**
 * Everything that is wrong with the YAML of a policy, each at its line and column; none where a configuration with
 * it would load.
 */
export function checkPolicyText(
  text: string,
  form: PolicyForm,
  options: CheckOptions = {},
): readonly TextProblem[] {
  const read = readPolicyText(text, form, options)
  return 'problems' in read ? read.problems : []
}

/** Reads the YAML of a policy to its document. */
export function readPolicyText(
  text: string,
  form: PolicyForm,
  { clientCertificates = 'policy' }: CheckOptions = {},
): CheckedText {
  const lines = text.split('\n')
  const yaml = tryParse(text)
  if ('problems' in yaml)
    return { problems: yaml.problems.slice(0, maxProblems).map((it) => placed(it, lines)) }
  const place: PlaceOf = ({ path, message, hint }) => {
    // What the parsers say leads from a route, and the text is the value of one of its keys.
    const within = path[0] === form ? path.slice(1) : path
    const at = /^(?:unknown|criterion|selector) /.test(message) ? 'key' : 'value'
    return placed(yaml.problem(within, message, { hint, at }), lines)
  }
  if (isLarge(yaml.value)) return { problems: [placed(yaml.problem([], 'is too large'), lines)] }
  const document = yaml.value ?? undefined
  const parsed =
    form === 'policy'
      ? parseRoutePolicy(document, {}, clientCertificates)
      : parseApplicationPolicy(document ?? [], { clientCertificates })
  if ('problems' in parsed) return { problems: parsed.problems.slice(0, maxProblems).map(place) }
  return { document, place }
}

function tryParse(text: string): YamlText | { readonly problems: readonly Problem[] } {
  const tooDeep = deepBracket(text)
  if (tooDeep !== undefined) return { problems: [tooDeep] }
  try {
    return parseYaml('', text)
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems }
    throw error
  }
}

/**
 * About what a text of the longest length holds without aliases, which can make ten times as many of it.
 *
 * @limit values of the text of a policy, aliases expanded: it is said to be too large
 */
const maxValues = 40_000

function isLarge(value: unknown): boolean {
  const left = [value]
  for (let seen = 0; left.length > 0; seen += 1) {
    if (seen > maxValues) return true
    const one = left.pop()
    if (typeof one === 'object' && one !== null) left.push(...Object.values(one))
  }
  return false
}

/** The first bracket that stands in too many others, wherever it stands; undefined without one. */
function deepBracket(text: string): Problem | undefined {
  let depth = 0
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    depth += '[{'.includes(bracket) ? 1 : -1
    if (depth <= maxBrackets) continue
    const before = text.slice(0, index).split('\n')
    const column = (before.at(-1)?.length ?? 0) + 1
    return { source: '', line: before.length, column, path: '', message: 'is nested too deeply' }
  }
  return undefined
}

/** Where a word begins a fault is told: the whole word is at fault, as far as it goes on its line. */
function placed(
  { line = 1, column = 1, message, hint }: Problem,
  lines: readonly string[],
): TextProblem {
  const rest = lines[line - 1]?.slice(column - 1) ?? ''
  const [word = ''] = /^(?:"[^"]*"|'[^']*'|[^\s,:[\]{}]+)/.exec(rest) ?? []
  return {
    line,
    column,
    endLine: line,
    endColumn: column + Math.max(1, word.length),
    message,
    ...(hint === undefined ? {} : { hint }),
  }
}
