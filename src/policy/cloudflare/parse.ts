import { didYouMean } from '../../spelling.ts'
import type { WrittenCriterion } from '../criteria/criterion.ts'
import { documentRoot, isObject, kindOf, oneOf, type Place, type PolicyContext } from '../place.ts'
import type { ParsedPolicy } from '../language/parse.ts'
import type { ClientCertificateUse } from '../language/shorthand.ts'
import type { PolicyProblem } from '../policy.ts'
import type { AccessPolicy } from './access-policy.ts'
import { compileAccessPolicies } from './evaluate.ts'
import { refusedPolicyKeys, refusedSelectors } from './refused.ts'
import { checkSessionDuration } from './session-duration.ts'
import { allSelectors, shortForm, type Action, type Selector } from './selectors.ts'

/** Actions as they are written, the API's own words among them. */
export const accessActions: Readonly<Record<string, Action>> = {
  allow: 'allow',
  block: 'block',
  deny: 'block',
  bypass: 'bypass',
  service_auth: 'service_auth',
  non_identity: 'service_auth',
}

const parts = ['include', 'require', 'exclude'] as const
type Part = (typeof parts)[number]

/** Keys of one policy. */
export const accessPolicyKeys: readonly string[] = ['name', 'action', 'session_duration', ...parts]

const selectorsByName = new Map(allSelectors.map((selector) => [selector.name, selector]))

export interface ApplicationPolicyRules extends PolicyContext {
  readonly clientCertificates: ClientCertificateUse
  /** How long a sign-in lasts, in milliseconds; undefined where that is not known yet. */
  readonly sessionMs?: number
}

/**
 * Parses the policies of an application, in Cloudflare's words, into the one that decides. Paths of problems lead
 * from the application, such as `['policies', 0, 'include', 1]`. An empty list denies everybody.
 */
export function parseApplicationPolicy(
  document: unknown,
  { clientCertificates, sessionMs, nowMs, providers }: ApplicationPolicyRules,
): ParsedPolicy {
  const problems: PolicyProblem[] = []
  const warnings: PolicyProblem[] = []
  const root = documentRoot({ problems, warnings, context: { nowMs, providers } })
  const policies = parseAccessPolicies(document, root.at('policies'), sessionMs)
  if (problems.length > 0) return { problems }
  const deniesInvalidCertificates = clientCertificates === 'default-deny'
  return { policy: compileAccessPolicies(policies, { deniesInvalidCertificates }), warnings }
}

/** Parses a list of policies in Cloudflare's words; what is at fault is noted and left out. */
function parseAccessPolicies(
  document: unknown,
  place: Place,
  sessionMs: number | undefined,
): readonly AccessPolicy[] {
  if (!Array.isArray(document)) {
    place.problem(`must be a list of policies, not ${kindOf(document)}`)
    return []
  }
  return document
    .map((policy, index) => parseAccessPolicy(policy, place.at(index), sessionMs))
    .filter((policy) => policy !== undefined)
}

function parseAccessPolicy(
  policy: unknown,
  place: Place,
  sessionMs: number | undefined,
): AccessPolicy | undefined {
  if (!isObject(policy)) {
    return place.problem(`must be a policy with "action" and "include", not ${kindOf(policy)}`)
  }
  refuseOtherKeys(policy, place)
  const action = parseAction(policy['action'], place)
  if (policy['name'] !== undefined && typeof policy['name'] !== 'string') {
    place.at('name').problem(`must be text, not ${kindOf(policy['name'])}`)
  }
  if (policy['session_duration'] !== undefined) {
    // Nobody signs in for the others.
    const lifeMs = action === 'allow' ? sessionMs : undefined
    const fault = checkSessionDuration(policy['session_duration'], lifeMs)
    if (fault !== undefined) place.at('session_duration').problem(fault.message, fault.hint)
  }
  const read = (part: Part): readonly WrittenCriterion[] =>
    parsePart(policy[part], { part, action }, place.at(part))
  const [include, require, exclude] = [read('include'), read('require'), read('exclude')]
  if (isEmpty(policy['include'])) {
    const hint = 'for everybody, write "include: [{everyone: true}]"'
    place.at('include').problem('must have at least one selector', hint)
  }
  const name = typeof policy['name'] === 'string' ? policy['name'] : undefined
  const { path } = place
  return action === undefined ? undefined : { name, path, action, include, require, exclude }
}

function isEmpty(list: unknown): boolean {
  return list === undefined || list === null || (Array.isArray(list) && list.length === 0)
}

function refuseOtherKeys(policy: Readonly<Record<string, unknown>>, place: Place): void {
  for (const key of Object.keys(policy).filter((name) => !accessPolicyKeys.includes(name))) {
    const why = refusedPolicyKeys.get(key)
    if (why !== undefined) place.at(key).problem(`is not honoured: ${why}`)
    else {
      const hint = key === 'decision' ? 'write "action"' : didYouMean(key, accessPolicyKeys)
      place.at(key).problem(`unknown key "${key}"`, hint)
    }
  }
}

function parseAction(written: unknown, place: Place): Action | undefined {
  const action = typeof written === 'string' ? accessActions[written] : undefined
  if (action !== undefined && Object.hasOwn(accessActions, String(written))) return action
  const expected = `must be ${oneOf(['allow', 'block', 'bypass', 'service_auth'])}`
  if (written === undefined) return place.at('action').problem(`is required: ${expected}`)
  return place.at('action').problem(`${expected}, not ${JSON.stringify(written)}`)
}

/** Where a selector stands. */
interface Standing {
  readonly part: Part
  /** Undefined where it is at fault. */
  readonly action: Action | undefined
}

function parsePart(list: unknown, standing: Standing, place: Place): readonly WrittenCriterion[] {
  // What stood there was taken out: without it the policy is wider than it reads.
  if (list === null && standing.part !== 'include') {
    place.problem('is empty', `leave "${standing.part}" out, or write "[]"`)
    return []
  }
  if (isEmpty(list)) return []
  if (!Array.isArray(list)) {
    place.problem(`must be a list of selectors, not ${kindOf(list)}`)
    return []
  }
  return list
    .map((item, index) => parseSelector(item, standing, place.at(index)))
    .filter((criterion) => criterion !== undefined)
}

function parseSelector(
  item: unknown,
  standing: Standing,
  place: Place,
): WrittenCriterion | undefined {
  const expected = 'must be one selector, such as {email: user@example.com}'
  if (!isObject(item)) return place.problem(`${expected}, not ${kindOf(item)}`)
  const [name, ...more] = Object.keys(item)
  if (name === undefined || more.length > 0) {
    return place.problem(`${expected}, not ${name === undefined ? 'none' : more.length + 1}`)
  }
  const selector = selectorsByName.get(name)
  if (selector === undefined) return refuseSelector(name, place.at(name))
  const { action } = standing
  if (action !== undefined && !selector.actions.includes(action)) {
    const where = oneOf(selector.actions)
    return place.at(name).problem(`selector "${name}" is for policies with action ${where} only`)
  }
  return parseData(selector, item[name], standing, place.at(name))
}

function refuseSelector(name: string, place: Place): undefined {
  const why = refusedSelectors.get(name)
  return why === undefined
    ? place.problem(`unknown selector "${name}"`, didYouMean(name, selectorsByName.keys()))
    : place.problem(`selector "${name}" has no equal here: ${why}`)
}

function parseData(
  selector: Selector,
  data: unknown,
  { part, action }: Standing,
  place: Place,
): WrittenCriterion | undefined {
  const { idField, name } = selector
  if (idField === undefined || !isObject(data))
    return written(selector, shortForm(selector, data), place)
  const keys = Object.keys(data)
  if (keys.length !== 1 || keys[0] !== idField) {
    return place.problem(`must be ${selector.form}, or {${idField}: …}`)
  }
  // Whom Cloudflare knows by it, nobody may be here: then an exclude or a block would hold for nobody.
  if (part === 'exclude' || action === 'block') {
    const hint = `write {${name}: …} with ${selector.form} of this gateway`
    return place.problem(`selector "${name}" names what only Cloudflare knows`, hint)
  }
  return written(selector, data[idField], place)
}

function written(selector: Selector, data: unknown, place: Place): WrittenCriterion | undefined {
  const { name, words } = selector
  // It reads the data as that of a criterion, whose operators nobody wrote.
  const compiled = selector.parse(data, place.pinned())
  return compiled && { ...compiled, name, data, subPath: '', words }
}
