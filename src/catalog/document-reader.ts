import type { NewRoute } from '../routes/route.ts'
import type { NamedPolicies } from '../routes/parse-route.ts'
import type { RouteFindings } from '../routes/route-findings.ts'
import type { ReadDocument } from './read-document.ts'
import { readStoredPolicy, type ReadPolicy } from './stored-policy.ts'
import { readStoredRoute, type ReadRoute, type StoredRules } from './stored-route.ts'

/** Reads stored documents, each once as long as nothing that its meaning rests on has changed. */
export interface DocumentReader {
  policy(document: ReadDocument, rules: StoredRules): ReadPolicy
  route(document: ReadDocument, rules: RouteReading): ReadRoute
}

export interface RouteReading extends StoredRules {
  readonly namedPolicies: NamedPolicies
  readonly nowMs: number
  readonly known: NewRoute | undefined
}

/** By what it was read: what holds and what is only thought of differ in that. */
type Kept<Read> = Map<string, Read>

/** Readings of one document that are remembered: as things are, and as a change would have them. */
const readingsPerDocument = 2

export function createDocumentReader(): DocumentReader {
  const policies = new WeakMap<ReadDocument, Kept<ReadPolicy>>()
  const routes = new WeakMap<ReadDocument, Kept<ReadRoute>>()
  return {
    policy: (document, rules) =>
      once(policies, document, basisOf(rules), () =>
        withFault(document, readStoredPolicy(document.document, rules)),
      ),
    route: (document, rules) =>
      once(routes, document, `${basisOf(rules)} ${basisOfNames(document, rules)}`, () =>
        withFault(document, readStoredRoute(document.document, rules)),
      ),
  }
}

function once<Read>(
  kept: WeakMap<ReadDocument, Kept<Read>>,
  document: ReadDocument,
  basis: string,
  make: () => Read,
): Read {
  const readings = kept.get(document) ?? new Map<string, Read>()
  kept.set(document, readings)
  const read = readings.get(basis) ?? make()
  readings.delete(basis)
  readings.set(basis, read)
  const [oldest] = readings.keys()
  if (readings.size > readingsPerDocument && oldest !== undefined) readings.delete(oldest)
  return read
}

function basisOf(rules: StoredRules): string {
  const { clientCertificates, sessionMs, namespaces, hasProvider, ownHost, providers } = rules
  const named = [namespaces, providers]
  return JSON.stringify([clientCertificates, sessionMs, named, hasProvider, ownHost])
}

function basisOfNames({ document }: ReadDocument, { namedPolicies: named }: RouteReading): string {
  const states = policyNamesIn(document.body).map(
    (name) => named.get(name)?.fingerprint ?? [named.faultOf?.(name), named.namespaceOf?.(name)],
  )
  return JSON.stringify(states)
}

/** The named policies that a route names, as far as that can be read. */
export function policyNamesIn(body: Readonly<Record<string, unknown>>): readonly string[] {
  const names = body['policy_names']
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : []
}

/** What cannot even be read has no other fault worth telling. */
function withFault<Read extends RouteFindings>({ fault }: ReadDocument, read: Read): Read {
  if (fault === undefined) return read
  const faults = [{ path: [], message: fault, hint: undefined, at: 'value' }] as const
  return { ...read, faults, warnings: [], route: undefined, named: undefined }
}
