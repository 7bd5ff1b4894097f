import type { NamedPolicy } from '../../policy/named/parse-named-policy.ts'
import { parseNamedPolicy } from '../../policy/named/parse-named-policy.ts'
import type { FilePolicy } from '../../routes/in-file.ts'
import type { NamedPolicies } from '../../routes/parse-route.ts'
import { show } from '../../schema.ts'
import { tellAt } from '../source/findings.ts'
import type { Source } from '../source/source.ts'
import { policyContextOf } from './policy-context.ts'
import { namespaceNames } from './administrators.ts'
import { clientCertificateUse } from './downstream-mtls.ts'

export interface ReadPolicies {
  readonly filePolicies: readonly FilePolicy[]
  /** What routes of the same file may name. */
  readonly named: NamedPolicies
}

/** Reads every named policy; those with faults are left out, and told. */
export function readPolicies(source: Source): ReadPolicies {
  const { settings, findings } = source
  const rules = {
    clientCertificates: clientCertificateUse(settings),
    sessionMs: settings.orDefault('cookie_expire'),
    namespaces: namespaceNames(settings),
    ...policyContextOf(source),
  }
  const read: FilePolicy[] = []
  const places = new Map<string, string>()
  for (const [index, plain] of (settings.values.policies ?? []).entries()) {
    const parsed = parseNamedPolicy(plain, rules)
    tellAt(settings.text, ['policies', index], parsed, findings)
    const { source, line } = settings.text.problem(['policies', index], '')
    const place = `${source}:${line ?? '?'}`
    const { name } = parsed.values
    const first = name === undefined ? undefined : places.get(name)
    if (name !== undefined && first === undefined) places.set(name, place)
    if (first !== undefined) {
      const message = `${show(name)} is already the name of the policy on ${first}`
      findings.problems.push(settings.text.problem(['policies', index, 'name'], message))
    } else if (parsed.named !== undefined)
      read.push({ place, isDisabled: parsed.values.disabled === true, named: parsed.named })
  }
  return { filePolicies: read, named: namedIn(read, places) }
}

/** `places`: of every one that has a name, those with faults too. */
function namedIn(
  policies: readonly FilePolicy[],
  places: ReadonlyMap<string, string>,
): NamedPolicies {
  const inUse = policies.filter(({ isDisabled }) => !isDisabled)
  const byName = new Map<string, NamedPolicy>(inUse.map(({ named }) => [named.name, named]))
  return {
    get: (name) => byName.get(name),
    keys: () => byName.keys(),
    faultOf(name) {
      const place = places.get(name)
      const isRead = policies.some((it) => it.named.name === name)
      const what = isRead ? 'is disabled' : 'has a fault'
      return place && `the policy ${show(name)} ${what}: ${place}`
    },
  }
}
