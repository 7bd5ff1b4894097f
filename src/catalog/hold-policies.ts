import type { NamedPolicies } from '../routes/parse-route.ts'
import type { RouteFault } from '../routes/route-findings.ts'
import { show } from '../schema.ts'
import type { Json } from '../routes/definition.ts'
import type { DocumentReader } from './document-reader.ts'
import type { FileAccess } from './file-access.ts'
import { namespaceIn, type HeldPolicy } from './holding.ts'
import type { ReadDocument } from './read-document.ts'
import type { StoredRules } from './stored-route.ts'

/** The named policies of the file and those of the store; who uses them is said later. */
export function holdPolicies(
  { filePolicies }: Pick<FileAccess, 'filePolicies'>,
  documents: readonly ReadDocument[],
  { reader, rules }: { readonly reader: DocumentReader; readonly rules: StoredRules },
): readonly HeldPolicy[] {
  const inFile = filePolicies.map(({ place, isDisabled, named }): HeldPolicy => ({
    id: named.name,
    source: { kind: 'file', place },
    // It came from YAML or JSON.
    definition: named.definition as { readonly [key: string]: Json },
    isDisabled,
    namespace: named.namespace,
    faults: [],
    warnings: [],
    named: isDisabled ? undefined : named,
    usedBy: [],
  }))
  const ofFile = new Map(filePolicies.map((policy) => [policy.named.name, policy]))
  const stored = documents.map((read): HeldPolicy => {
    const { document } = read
    const { id, body, isDisabled } = document
    const { faults: own, warnings, named } = reader.policy(read, rules)
    const namespace = namespaceIn(body)
    const senior = ofFile.get(id)
    const faults = senior === undefined ? own : [...own, takenBy(id, senior)]
    const isInUse = faults.length === 0 && !isDisabled
    const source = { kind: 'store', document } as const
    const held = { id, source, definition: body, isDisabled, namespace, faults, warnings }
    return { ...held, named: isInUse ? named : undefined, usedBy: [] }
  })
  return [...inFile, ...stored]
}

function takenBy(
  name: string,
  { place, named: { namespace } }: FileAccess['filePolicies'][number],
): RouteFault {
  const message = (of: string): string => `${show(name)} is already the name of ${of}`
  const other = { namespace, message: message('another policy') }
  return {
    path: ['name'],
    message: message(`the policy on ${place}`),
    hint: undefined,
    at: 'value',
    other,
  }
}

/** What stored routes may name; of two of one name the file's. */
export function namedAmong(policies: readonly HeldPolicy[]): NamedPolicies {
  const byName = new Map(policies.toReversed().map((policy) => [policy.id, policy]))
  return {
    get: (name) => byName.get(name)?.named,
    keys: (namespace) =>
      [...byName.values()]
        .filter(({ named }) => named !== undefined)
        .filter((policy) => policy.namespace === undefined || policy.namespace === namespace)
        .map(({ id }) => id),
    namespaceOf: (name) => byName.get(name)?.namespace,
    faultOf(name) {
      const policy = byName.get(name)
      if (policy === undefined || policy.named !== undefined) return undefined
      return `the policy ${show(name)} ${policy.isDisabled ? 'is disabled' : 'has a fault'}`
    },
  }
}
