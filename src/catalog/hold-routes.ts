import { compareRoutes, createRouteClaims, type RouteClaims } from '../routes/compare-routes.ts'
import { parseFrom, type From } from '../routes/from.ts'
import type { FileRoute } from '../routes/in-file.ts'
import type { NewRoute } from '../routes/route.ts'
import { show } from '../schema.ts'
import { policyNamesIn, type DocumentReader, type RouteReading } from './document-reader.ts'
import type { FileAccess } from './file-access.ts'
import { namespaceIn, type HeldRoute } from './holding.ts'
import type { ReadDocument } from './read-document.ts'
import type { ReadRoute } from './stored-route.ts'

export interface RouteHolding {
  readonly reader: DocumentReader
  readonly rules: Omit<RouteReading, 'known'>
  /** The routes that hold now. */
  readonly known: ReadonlyMap<string, NewRoute>
}

/**
 * The routes of the file and those of the store, which have what the file leaves: a route whose id or target the
 * file takes, or one by the id or target of another stored route that comes first, is not in use.
 */
export function holdRoutes(
  file: Pick<FileAccess, 'routes' | 'fileRoutes'>,
  documents: readonly ReadDocument[],
  holding: RouteHolding,
): readonly HeldRoute[] {
  const names: string[] = []
  const claims = createRouteClaims((index) => names[index] ?? 'another route')
  const inFile = holdOfFile(file, names, claims)
  const stored: Placed[] = []
  for (const read of documents) {
    names.push(`the stored route ${show(read.document.id)}`)
    stored.push(holdStored(read, names.length - 1, claims, holding))
  }
  return [...inFile, ...warnedOfHidden(stored)]
}

function holdOfFile(
  { routes, fileRoutes }: Pick<FileAccess, 'routes' | 'fileRoutes'>,
  names: string[],
  claims: RouteClaims,
): readonly HeldRoute[] {
  const inUse = new Map(routes.map((route) => [route.id, route]))
  return fileRoutes.map((route): HeldRoute => {
    const { id, place, isDisabled } = route
    const definition = plainOf(route)
    const index = names.push(`the route on ${place}`) - 1
    // What is disabled answers to nothing, and its id is its own.
    const namespace = namespaceIn(definition)
    const nothing = { targets: [], gateway: undefined, text: '' }
    if (isDisabled) claims.claim({ index, id, from: nothing, namespace })
    else claims.claimCovered({ index, id, from: fromOf(route), namespace })
    return {
      id,
      source: { kind: 'file', place },
      definition,
      isDisabled,
      namespace,
      faults: [],
      warnings: [],
      route: inUse.get(id),
      policyNames: policyNamesIn(definition),
    }
  })
}

/** Every key that it has has a value. */
function plainOf({ definition }: FileRoute): HeldRoute['definition'] {
  const plain: unknown = definition
  return plain as HeldRoute['definition']
}

type PlacedFrom = From & { readonly text: string }

const parsedFroms = new WeakMap<FileRoute, PlacedFrom>()

function fromOf(route: FileRoute): PlacedFrom {
  const text = route.definition.from
  const known = parsedFroms.get(route)
  const from = known ?? parseFrom(text)
  if ('fault' in from) throw new TypeError(`route from: ${from.fault}`)
  const placed = known ?? { ...from, text }
  parsedFroms.set(route, placed)
  return placed
}

/** A stored route, and what of its `from` is right. */
interface Placed {
  readonly held: HeldRoute
  readonly from: PlacedFrom | undefined
}

/** Reads one ahead: the second time costs next to nothing. */
export function readHeld(read: ReadDocument, { reader, rules, known }: RouteHolding): ReadRoute {
  return reader.route(read, { ...rules, known: known.get(read.document.id) })
}

function holdStored(
  read: ReadDocument,
  index: number,
  claims: RouteClaims,
  holding: RouteHolding,
): Placed {
  const { document } = read
  const { id, body, isDisabled } = document
  const { faults: own, warnings, route, values } = readHeld(read, holding)
  const { from } = values
  const faults = from === undefined ? own : [...own, ...claims.faultsOf({ id, from })]
  const isInUse = faults.length === 0 && !isDisabled && route !== undefined
  const namespace = namespaceIn(body)
  if (isInUse && from !== undefined) claims.claim({ index, id, from, namespace })
  const source = { kind: 'store', document } as const
  const held = { id, source, definition: body, isDisabled, namespace, faults, warnings }
  const policyNames = policyNamesIn(body)
  return { held: { ...held, route: isInUse ? route : undefined, policyNames }, from }
}

/** Those of the file are tried before, and what they cover is refused. */
function warnedOfHidden(stored: readonly Placed[]): readonly HeldRoute[] {
  const placed = stored.flatMap(({ held, from }, index) =>
    held.route === undefined || from === undefined
      ? []
      : [{ index, id: held.id, from, namespace: held.namespace }],
  )
  const { warnings } = compareRoutes(placed, (index) => show(stored[index]?.held.id))
  return stored.map(({ held }, index) => {
    const own = warnings.filter(({ path }) => path[0] === index)
    if (own.length === 0) return held
    const more = own.map((warning) => ({ ...warning, path: warning.path.slice(1) }))
    return { ...held, warnings: [...held.warnings, ...more] }
  })
}
