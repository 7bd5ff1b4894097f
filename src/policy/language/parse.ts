import { didYouMean } from '../../spelling.ts'
import type { Clause } from './clause.ts'
import { compilePolicy } from './compile.ts'
import { allCriteria } from '../criteria/all.ts'
import type { WrittenCriterion } from '../criteria/criterion.ts'
import { refusedCriteria } from '../criteria/refused.ts'
import { documentRoot, isObject, kindOf, oneOf, type Place, type PolicyContext } from '../place.ts'
import type { Policy, PolicyProblem } from '../policy.ts'
import { type Operator, operators } from './verdict.ts'
import { warnOfDisjoint } from './disjoint.ts'

/** A policy, or everything that is wrong with its document. */
export type ParsedPolicy =
  | { readonly policy: Policy; readonly warnings: readonly PolicyProblem[] }
  | { readonly problems: readonly PolicyProblem[] }

/**
 * Parses a policy document: a rule or a list of rules, as plain data from YAML or JSON. One that is
 * absent (undefined) or an empty list has no rule, and denies everybody without a reason.
 */
export function parsePolicy(document: unknown, context: PolicyContext = {}): ParsedPolicy {
  return collectPolicy((root) => parseRules(document, root), context)
}

/** Runs a parser of clauses, and answers with their policy or the problems it noted. */
export function collectPolicy(
  parse: (root: Place) => readonly Clause[],
  { nowMs, providers }: PolicyContext,
): ParsedPolicy {
  const problems: PolicyProblem[] = []
  const warnings: PolicyProblem[] = []
  const context = { nowMs, providers }
  const clauses = parse(documentRoot({ problems, warnings, context }))
  return problems.length > 0 ? { problems } : { policy: compilePolicy(clauses), warnings }
}

/** Parses a document's rules into clauses; what is at fault is noted and left out. */
export function parseRules(document: unknown, place: Place): readonly Clause[] {
  if (document === undefined) return []
  return Array.isArray(document)
    ? document.flatMap((rule, index) => parseRule(rule, place.at(index)))
    : parseRule(document, place)
}

const sideNames = ['allow', 'deny'] as const
const operatorNames = Object.keys(operators) as readonly Operator[]
const criteriaByName = new Map(allCriteria.map((criterion) => [criterion.name, criterion]))

function parseRule(rule: unknown, place: Place): readonly Clause[] {
  return entriesOf(rule, sideNames, 'a rule', place)
    .flatMap(([side, body]) =>
      entriesOf(body, operatorNames, 'an object', place.at(side)).map(([operator, list]) => {
        if (operator === 'and') warnOfDisjoint(list, place.at(side, operator))
        const criteria = parseCriteria(list, place.at(side, operator))
        return { side, path: place.path, operator, criteria }
      }),
    )
    .filter(({ criteria }) => criteria.length > 0)
}

/** The entries of an object that has no other keys than these. */
function entriesOf<Name extends string>(
  data: unknown,
  names: readonly Name[],
  what: string,
  place: Place,
): readonly (readonly [Name, unknown])[] {
  if (!isObject(data)) {
    place.problem(`must be ${what} with ${oneOf(names)}, not ${kindOf(data)}`)
    return []
  }
  for (const key of Object.keys(data).filter((key) => !names.some((name) => name === key))) {
    const message = `unknown key "${key}", expected ${oneOf(names)}`
    place.at(key).problem(message, didYouMean(key, names))
  }
  return names.filter((name) => Object.hasOwn(data, name)).map((name) => [name, data[name]])
}

function parseCriteria(list: unknown, place: Place): readonly WrittenCriterion[] {
  if (!Array.isArray(list)) {
    place.problem(`must be a list of criteria, not ${kindOf(list)}`)
    return []
  }
  return list
    .map((item, index) => parseCriterion(item, place.at(index)))
    .filter((criterion) => criterion !== undefined)
}

/** Parses `{ NAME: data }` or `{ NAME/SUBPATH: data }`. */
export function parseCriterion(item: unknown, place: Place): WrittenCriterion | undefined {
  const expected = 'must be an object with exactly one key, the name of a criterion'
  if (!isObject(item)) return place.problem(`${expected}, not ${kindOf(item)}`)
  const [key, ...more] = Object.keys(item)
  if (key === undefined || more.length > 0) {
    // `- email:` with `is:` below it, no further in, is an object with two keys.
    const slipped = key !== undefined && item[key] === null
    const hint = slipped
      ? `indent what belongs to "${key}" further than "${key}" itself`
      : undefined
    return place.problem(`${expected}, not ${more.length === 0 ? 'none' : more.length + 1}`, hint)
  }
  return parseNamed(key, item[key], place.at(key))
}

function parseNamed(key: string, data: unknown, place: Place): WrittenCriterion | undefined {
  const slash = key.indexOf('/')
  const name = slash === -1 ? key : key.slice(0, slash)
  const criterion = criteriaByName.get(name)
  if (criterion === undefined) {
    const refusal = refusedCriteria.get(name)
    return refusal === undefined
      ? place.problem(`unknown criterion "${name}"`, hintOfName(name))
      : place.problem(`criterion "${name}" cannot be honoured: ${refusal}`)
  }
  if (slash !== -1 && criterion.subPath === undefined) {
    return place.problem(`must be "${name}" alone, not "${key}"`)
  }
  const subPath = slash === -1 ? '' : key.slice(slash + 1)
  const compiled = criterion.parse(data, place, subPath)
  return compiled && { ...compiled, name: key, data, subPath, words: criterion.words }
}

/** A matcher's operator is a key within, as in `domain: {is: …}`. */
function hintOfName(name: string): string | undefined {
  const [criterion = '', operator] = name.split('.')
  return operator !== undefined && criteriaByName.has(criterion)
    ? `write ${criterion}: {${operator}: …}`
    : didYouMean(name, criteriaByName.keys())
}
