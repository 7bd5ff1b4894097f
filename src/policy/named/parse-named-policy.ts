import { hash } from 'node:crypto'
import { sortForeignKeys } from '../../foreign-keys.ts'
import { checkValue, mustBe, type ValueFault } from '../../schema.ts'
import { didYouMean } from '../../spelling.ts'
import { parseApplicationPolicy, type ApplicationPolicyRules } from '../cloudflare/parse.ts'
import type { Advice } from '../decision.ts'
import type { ParsedPolicy } from '../language/parse.ts'
import { parseRoutePolicy } from '../language/shorthand.ts'
import { isObject } from '../place.ts'
import type { Policy, PolicyProblem } from '../policy.ts'
import {
  namedPolicyKeyNames,
  namedPolicyKeys,
  type NamedPolicyKey,
  type NamedPolicyValues,
} from './named-policy-keys.ts'

/** A policy that routes name. */
export interface NamedPolicy {
  readonly name: string
  /** Without the rule about invalid certificates, which each route has once. */
  readonly policy: Policy
  readonly advice: Advice
  /** Undefined: in none. */
  readonly namespace: string | undefined
  /** As it was written, with the keys of `named-policy-keys.ts`. */
  readonly definition: Readonly<Partial<Record<NamedPolicyKey, unknown>>>
  /** The same where it was made of the same. */
  readonly fingerprint: string
}

/** What a named policy is read with. */
export interface NamedPolicyRules extends ApplicationPolicyRules {
  /** Those there are; undefined where that is not known. */
  readonly namespaces?: readonly string[] | undefined
}

/** All that there is to say of a named policy. */
export interface ParsedNamedPolicy {
  readonly faults: readonly ValueFault[]
  readonly warnings: readonly ValueFault[]
  /** What is right of it, beside faults too. */
  readonly values: NamedPolicyValues
  /** Undefined where there is a fault. */
  readonly named: NamedPolicy | undefined
}

/** Parses a named policy of plain data, wherever that came from. */
export function parseNamedPolicy(plain: unknown, rules: NamedPolicyRules): ParsedNamedPolicy {
  if (!isObject(plain)) {
    const message = mustBe('a policy with "name" and "policy"', plain)
    return { faults: [faultAt([], message)], warnings: [], values: {}, named: undefined }
  }
  const { faults: foreign, warnings: unread } = sortForeignKeys(plain, {
    known: namedPolicyKeyNames,
    foreign: [],
  })
  const { values, faults: wrong } = readValues(plain)
  const faults = [...foreign, ...wrong, ...missingKeys(plain), ...checkNamespace(values, rules)]
  const parsed = parseRules(values, rules)
  const warnings = [...unread]
  if (parsed !== undefined && 'problems' in parsed) faults.push(...parsed.problems.map(toFault))
  else warnings.push(...(parsed?.warnings ?? []).map(toFault))
  const { name } = values
  const isRight = faults.length === 0 && name !== undefined && parsed !== undefined
  if (!isRight || 'problems' in parsed) return { faults, warnings, values, named: undefined }
  const definition = definitionOf(plain)
  const { explanation = '', remediation = '' } = values
  const advice = { policy: name, explanation, remediation }
  const fingerprint = hash(
    'sha256',
    JSON.stringify([definition, rules.clientCertificates === 'none']),
  )
  const { namespace } = values
  const named = { name, policy: parsed.policy, advice, namespace, definition, fingerprint }
  return { faults, warnings, values, named }
}

function readValues(plain: object): {
  readonly values: NamedPolicyValues
  readonly faults: readonly ValueFault[]
} {
  const values: Record<string, unknown> = {}
  const faults: ValueFault[] = []
  for (const key of namedPolicyKeyNames.filter((name) => Object.hasOwn(plain, name))) {
    const checked = checkValue<unknown>(Reflect.get(plain, key), namedPolicyKeys[key].schema)
    if (checked.ok) values[key] = checked.value
    else faults.push(...checked.faults.map((it) => ({ ...it, path: [key, ...it.path] })))
  }
  return { values, faults }
}

function checkNamespace(
  { namespace }: NamedPolicyValues,
  { namespaces: known }: NamedPolicyRules,
): readonly ValueFault[] {
  if (namespace === undefined || known === undefined || known.includes(namespace)) return []
  const hint = didYouMean(namespace, known) ?? 'add it to "namespaces"'
  return [{ ...faultAt(['namespace'], `"${namespace}" is none of "namespaces"`), hint }]
}

function missingKeys(plain: object): readonly ValueFault[] {
  const given = (key: NamedPolicyKey): boolean => Object.hasOwn(plain, key)
  const faults: ValueFault[] = []
  if (!given('name')) faults.push(faultAt(['name'], `is required: ${namedPolicyKeys.name.type}`))
  if (!given('policy') && !given('policies'))
    faults.push(faultAt(['policy'], 'is required, or "policies" in its place'))
  if (given('policy') && given('policies')) {
    const message = 'cannot be given together with "policy": it says the same in other words'
    faults.push({ ...faultAt(['policies'], message), at: 'key' })
  }
  return faults
}

function parseRules(
  { policy, policies }: NamedPolicyValues,
  rules: ApplicationPolicyRules,
): ParsedPolicy | undefined {
  const clientCertificates = rules.clientCertificates === 'none' ? 'none' : 'policy'
  if (policies !== undefined)
    return parseApplicationPolicy(policies, { ...rules, clientCertificates })
  return policy === undefined ? undefined : parseRoutePolicy(policy, {}, clientCertificates, rules)
}

function faultAt(path: ValueFault['path'], message: string): ValueFault {
  return { path, message, hint: undefined, at: 'value' }
}

/** A problem of a policy, or a warning, as one of the values that it stands in. */
export function toFault(problem: PolicyProblem): ValueFault {
  const { path, message, hint } = problem
  return { path, message, hint, at: isAboutName(problem) ? 'key' : 'value' }
}

/** Such a fault is shown at the name, every other one at the value. */
function isAboutName({ message }: PolicyProblem): boolean {
  return /^(?:unknown|criterion|selector) /.test(message)
}

/** A copy, in the order of the keys. */
function definitionOf(plain: object): NamedPolicy['definition'] {
  const given = namedPolicyKeyNames.filter((key) => Object.hasOwn(plain, key))
  return Object.fromEntries(
    given.map((key) => [key, structuredClone<unknown>(Reflect.get(plain, key))]),
  )
}
