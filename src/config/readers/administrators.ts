import {
  nobodyAdministers,
  type Administrators,
  type Namespace,
} from '../../access/administrators.ts'
import { parseRoutePolicy } from '../../policy/language/shorthand.ts'
import type { Problem } from '../../errors.ts'
import type { Policy, PolicyProblem } from '../../policy/policy.ts'
import { checkValue } from '../../schema.ts'
import type { Path } from '../../yaml-text.ts'
import { administratorsEntry, namespaceEntry } from '../keys/administrator-keys.ts'
import type { Settings } from '../source/settings.ts'
import type { Source } from '../source/source.ts'
import { clientCertificateUse } from './downstream-mtls.ts'
import { policyContextOf } from './policy-context.ts'
import type { PolicyNeeds } from './sign-in.ts'

type AdministratorKey = 'administrators' | 'namespaces'

export interface ReadAdministrators extends PolicyNeeds {
  /** Undefined where nothing is said about it. */
  readonly administrators: Administrators | undefined
}

/** Reads who runs the gateway: nobody, unless it says so. */
export function readAdministrators(source: Source): ReadAdministrators {
  const { administrators: written, namespaces: entries = [] } = source.settings.values
  const { admin, auditor } = readRoles(written, source)
  const namespaces: Namespace[] = []
  for (const [index, plain] of entries.entries()) {
    const namespace = readNamespace(plain, [index], source)
    if (namespace === undefined) continue
    if (namespaces.some(({ name }) => name === namespace.name)) {
      const message = `"${namespace.name}" is a namespace already: write it once`
      tell(source, 'namespaces', [index, 'name'], message)
    } else namespaces.push(namespace)
  }
  const policies = [admin, auditor, ...namespaces.map((it) => it.administrators)]
  const isSaid = written !== undefined || entries.length > 0
  return {
    administrators: isSaid ? { admin, auditor, namespaces } : undefined,
    readsSubject: policies.some((policy) => policy?.readsSubject),
    needsProvider: policies.some((policy) => policy?.needsProvider),
  }
}

function readRoles(written: unknown, source: Source): Pick<Administrators, 'admin' | 'auditor'> {
  if (written === undefined) return nobodyAdministers
  // One rule of a policy is a mapping too.
  const isByRole = isMapping(written) && !('allow' in written) && !('deny' in written)
  if (!isByRole) {
    return {
      admin: readWho(written, { key: 'administrators', path: [] }, source),
      auditor: undefined,
    }
  }
  const checked = checkValue(written, administratorsEntry)
  if (!checked.ok) {
    for (const { path, message, hint, at } of checked.faults)
      tell(source, 'administrators', path, message, { hint, at })
  }
  const { admin, auditor }: Readonly<Partial<Record<'admin' | 'auditor', unknown>>> = written
  return {
    admin: readWho(admin, { key: 'administrators', path: ['admin'] }, source),
    auditor: readWho(auditor, { key: 'administrators', path: ['auditor'] }, source),
  }
}

function readNamespace(plain: unknown, path: Path, source: Source): Namespace | undefined {
  const checked = checkValue(plain, namespaceEntry)
  if (!checked.ok) {
    for (const { path: within, message, hint, at } of checked.faults)
      tell(source, 'namespaces', [...path, ...within], message, { hint, at })
    return undefined
  }
  const { name, administrators } = checked.value
  const place = { key: 'namespaces' as const, path: [...path, 'administrators'] }
  return { name, administrators: readWho(administrators, place, source) }
}

interface Place {
  readonly key: AdministratorKey
  readonly path: Path
}

/** People by email address or id, or whoever a policy allows; undefined for nobody. */
function readWho(written: unknown, { key, path }: Place, source: Source): Policy | undefined {
  if (written === undefined) return undefined
  const isPeople = Array.isArray(written) && written.every((who) => typeof who === 'string')
  const document = isPeople ? peopleRule(written) : written
  const parsed = parseRoutePolicy(
    document,
    {},
    clientCertificateUse(source.settings),
    policyContextOf(source),
  )
  const { settings, findings } = source
  const placed = ({ path: within, message, hint }: PolicyProblem): Problem => {
    // Without the key of a route, and for a list without the rule that was made of it.
    const own = isPeople ? within.slice(4, 5) : within.slice(1)
    return settings.problem(key, message, { within: [...path, ...own], hint })
  }
  if ('problems' in parsed) findings.problems.push(...parsed.problems.map(placed))
  else findings.warnings.push(...parsed.warnings.map(placed))
  return 'policy' in parsed ? parsed.policy : undefined
}

/** What has an `@` in it is an email address, and everything else an id, for which no provider has to be asked. */
function peopleRule(names: readonly string[]): readonly unknown[] {
  const or = names.map((name) => ({ [name.includes('@') ? 'email' : 'user']: { is: name } }))
  return or.length === 0 ? [] : [{ allow: { or } }]
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The names that routes may give as theirs, of entries with faults elsewhere too. */
export function namespaceNames({ values }: Pick<Settings, 'values'>): readonly string[] {
  return (values.namespaces ?? [])
    .map((entry) => (isMapping(entry) && 'name' in entry ? entry.name : undefined))
    .filter((name) => typeof name === 'string')
}

function tell(
  { settings, findings }: Source,
  key: AdministratorKey,
  within: Path,
  message: string,
  more: { readonly hint?: string | undefined; readonly at?: 'key' | 'value' } = {},
): void {
  findings.problems.push(settings.problem(key, message, { within, ...more }))
}
