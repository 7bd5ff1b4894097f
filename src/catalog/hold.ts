import { localProviderId } from '../identity/user-ids.ts'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createDocumentReader, type DocumentReader } from './document-reader.ts'
import type { FileAccess } from './file-access.ts'
import { holdPolicies, namedAmong } from './hold-policies.ts'
import { holdRoutes, readHeld, type RouteHolding } from './hold-routes.ts'
import type { HeldPolicy, HeldRoute, Holding } from './holding.ts'
import type { ReadDocument } from './read-document.ts'
import type { StoredRules } from './stored-route.ts'

/** What the store has, at one moment. */
export interface StoredDocuments {
  readonly documents: readonly ReadDocument[]
  readonly revision: number
}

interface Circumstances {
  readonly nowMs: number
  /** What holds now: its routes that nothing has changed stay the same objects. */
  readonly before: Pick<Holding, 'routes'> | undefined
}

/** Puts together what holds of a file and of what is stored beside it. */
export interface Holder {
  /** Nobody waits for it, and nobody else runs meanwhile: `prepare` comes before where there may be much to read. */
  hold(file: FileAccess, stored: StoredDocuments, circumstances: Circumstances): Holding
  /** Reads what `hold` will need, and lets tunnels go on in between. */
  prepare(file: FileAccess, stored: StoredDocuments, circumstances: Circumstances): Promise<void>
}

/** Documents that are read before others get their turn: each may take some tenths of a millisecond. */
const documentsPerTurn = 10

/** Remembers what it has read: a change of one document reads that one again, and what uses it. */
export function createHolder(reader: DocumentReader = createDocumentReader()): Holder {
  return {
    hold(file, stored, circumstances) {
      const policies = policiesOf(file, stored, { reader, ...circumstances })
      const routes = holdRoutes(
        file,
        ofKind('route', stored),
        routeHolding(file, policies, { reader, ...circumstances }),
      )
      const inStore = routes.filter(({ source }) => source.kind === 'store')
      const inUse = inStore.map(({ route }) => route).filter((route) => route !== undefined)
      return {
        routes: [...file.routes, ...inUse],
        heldRoutes: routes,
        heldPolicies: withUses(policies, routes),
        revision: stored.revision,
      }
    },
    async prepare(file, stored, circumstances) {
      const policies = policiesOf(file, stored, { reader, ...circumstances })
      const holding = routeHolding(file, policies, { reader, ...circumstances })
      for (const [index, read] of ofKind('route', stored).entries()) {
        readHeld(read, holding)
        if (index % documentsPerTurn === documentsPerTurn - 1) await nextTurn()
      }
    },
  }
}

function ofKind(wanted: string, { documents }: StoredDocuments): readonly ReadDocument[] {
  return documents.filter(({ document }) => document.kind === wanted)
}

function policiesOf(
  file: FileAccess,
  stored: StoredDocuments,
  { reader, nowMs }: Circumstances & { readonly reader: DocumentReader },
): readonly HeldPolicy[] {
  return holdPolicies(file, ofKind('policy', stored), { reader, rules: rulesOf(file, nowMs) })
}

function routeHolding(
  file: FileAccess,
  policies: readonly HeldPolicy[],
  { reader, nowMs, before }: Circumstances & { readonly reader: DocumentReader },
): RouteHolding {
  return {
    reader,
    rules: { ...rulesOf(file, nowMs), namedPolicies: namedAmong(policies), nowMs },
    known: new Map(before?.routes.map((route) => [route.id, route])),
  }
}

function rulesOf(file: FileAccess, nowMs: number): StoredRules {
  const own = file.localAccounts === true ? [localProviderId] : []
  const providers = [...file.identityProviders.map(({ id }) => id), ...own]
  return {
    nowMs,
    providers,
    clientCertificates: file.clientCertificates,
    sessionMs: file.cookieExpireMs,
    namespaces: file.administrators?.namespaces.map(({ name }) => name) ?? [],
    hasProvider: providers.length > 0,
    ownHost: file.authenticateServiceUrl?.hostname,
  }
}

function withUses(
  policies: readonly HeldPolicy[],
  routes: readonly HeldRoute[],
): readonly HeldPolicy[] {
  const users = new Map<string, string[]>()
  for (const { id, policyNames } of routes)
    for (const name of new Set(policyNames)) {
      const ids = users.get(name) ?? []
      users.set(name, ids)
      ids.push(id)
    }
  return policies.map((policy) => ({ ...policy, usedBy: users.get(policy.id) ?? [] }))
}
