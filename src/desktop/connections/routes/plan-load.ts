import type { KnownGateways } from '../../../client/gateways/known-gateway.ts'
import type { GatewayAddress } from '../../../reach/destination.ts'
import type { RoutesAnswer } from '../../../client/routes/routes-answer.ts'
import type { ImportAnswer } from '../../wire/calls.ts'
import { maxTags, type ConnectionSettings, type SavedConnection } from '../../wire/connection.ts'
import { checkConnection } from '../check-connection.ts'
import { maxConnections } from '../connections-file.ts'
import { createNames, isSameName, nameKey, type Names } from '../names.ts'
import { pairUp, type Have } from './pair-up.ts'
import { withReach, type Reach } from './reach.ts'
import { leadsTo, sourceOf, wantedOf, type Wanted } from './wanted.ts'

export interface LoadRequest {
  readonly gateway: GatewayAddress
  readonly answer: RoutesAnswer
  /** The connections that may be changed. */
  readonly existing: readonly SavedConnection[]
  /** Those that are kept elsewhere, such as in a team's file. */
  readonly others?: readonly SavedConnection[]
  /** The gateways that are remembered: connections may name them, or none. **Default:** none */
  readonly remembered?: KnownGateways
  /** How the gateway is reached, as far as the person says it. */
  readonly reach: Reach
  readonly tags: readonly string[]
  /** Ids of routes; all that somebody may use where it is left out. */
  readonly chosen?: readonly string[] | undefined
}

/** What a load does, or why it does nothing. */
export interface LoadPlan {
  readonly answer: ImportAnswer
  readonly add: readonly ConnectionSettings[]
  /** By id. */
  readonly replace: ReadonlyMap<string, ConnectionSettings>
  /** Ids. */
  readonly remove: readonly string[]
}

/**
 * Plans how the connections of a gateway follow its routes: new ones are added, those whose name or destination is
 * another are brought up to date and keep what the person set, and those whose route is gone go too. Connections that a
 * person made are never touched.
 */
export function planLoad(request: LoadRequest): LoadPlan {
  const { gateway, answer, existing, others = [], remembered, chosen } = request
  const { wanted, unsupported, listed, unknown } = wantedOf(gateway, answer, chosen)
  const all = existing.map((saved) => haveOf(saved, gateway, remembered))
  const ofGateway = all.filter(({ source }) => source !== undefined)
  const { pairs, added, left } = pairUp(wanted, ofGateway, (source) => !listed.has(source))
  const touched = new Set(wanted.map(({ source }) => source))
  const gone = left.filter(({ source = '' }) => touched.has(source) || !listed.has(source))

  const byHand = [
    ...all.filter(({ source }) => source === undefined),
    ...others.map((saved) => haveOf(saved, gateway, remembered)),
  ]
  const leadThere = new Map(byHand.map(({ leadsTo, saved }) => [leadsTo, saved.name]))
  const [twice, fresh] = split(added, (one) => leadThere.has(leadsTo(one)))

  const goneIds = new Set(gone.map(({ saved }) => saved.id))
  const staying = [...existing, ...others].filter(({ id }) => !goneIds.has(id))
  const renamed = renamedOf(pairs, createNames(staying.map(({ name }) => name)))
  const settled = staying.filter(({ id }) => !renamed.has(id))
  const names = createNames(settled.map(({ name }) => name))
  const replace = changesOf(pairs, request, renamed, names)
  const add = fresh.map((one) => settingsOf(one, request, names))

  const faults = faultsOf(unknown, chosen ?? [], staying.length + add.length)
  const isRefused = faults.length > 0
  const unlessRefused = <T>(list: readonly T[]): readonly T[] => (isRefused ? [] : list)
  return {
    add: unlessRefused(add),
    replace: isRefused ? new Map() : replace,
    remove: unlessRefused([...goneIds]),
    answer: {
      format: 'routes',
      added: unlessRefused(add.map(({ name }) => name)),
      updated: unlessRefused([...replace.values()].map(({ name }) => name)),
      removed: unlessRefused(gone.map(({ saved }) => saved.name)),
      duplicates: twice.map((one) => leadThere.get(leadsTo(one)) ?? one.name),
      adjusted: [],
      unsupported,
      unknown_fields: [],
      faults,
    },
  }
}

/** What Pomerium Desktop writes as the source of a connection that a route made. */
const theirSource = /^portal-route-(.+)$/s

function haveOf(
  saved: SavedConnection,
  gateway: GatewayAddress,
  remembered: KnownGateways | undefined,
): Have {
  const destination = checkConnection(saved, remembered).checked?.destination
  const leads = destination && `${destination.gateway.origin}/${destination.authority}`
  const { source } = saved
  const [, id] = theirSource.exec(source ?? '') ?? []
  const isOurs = source?.startsWith(sourceOf(gateway, '')) === true
  const isTheirs = id !== undefined && destination?.gateway.origin === gateway.origin
  return {
    saved,
    source: isOurs ? source : isTheirs ? sourceOf(gateway, id) : undefined,
    leadsTo: leads ?? '',
  }
}

function settingsOf(
  { source, name, destination, gateway }: Wanted,
  { reach, tags }: LoadRequest,
  names: Names,
): ConnectionSettings {
  const plain = {
    protocol: 'tcp',
    disable_tls_verification: false,
    start_at_launch: false,
  } as const
  const settings = {
    ...plain,
    name: names.take(name),
    destination,
    gateway,
    source,
    tags: [...tags],
  }
  return withReach(settings, reach)
}

function changesOf(
  pairs: readonly (readonly [Wanted, Have])[],
  { reach, tags }: LoadRequest,
  renamed: ReadonlySet<string>,
  names: Names,
): ReadonlyMap<string, ConnectionSettings> {
  const changes = new Map<string, ConnectionSettings>()
  for (const [wanted, have] of pairs) {
    const { id, address: _, ...before } = have.saved
    const isSameWay = leadsTo(wanted) === have.leadsTo
    const after = withReach(
      {
        ...before,
        name: renamed.has(id) ? names.take(wanted.name) : before.name,
        // Written in another way, it may be the person's own.
        ...(isSameWay ? {} : { destination: wanted.destination, gateway: wanted.gateway }),
        source: wanted.source,
        tags: [...new Set([...before.tags, ...tags])].slice(0, maxTags),
      },
      reach,
    )
    if (!isEqual(before, after)) changes.set(id, after)
  }
  return changes
}

/** Ids of those that get the name of their route; one that was numbered stays as it is while another has that. */
function renamedOf(pairs: readonly (readonly [Wanted, Have])[], held: Names): ReadonlySet<string> {
  const others = pairs.filter(([wanted, { saved }]) => {
    const isNumbered = stemOf(saved.name) === stemOf(wanted.name) && held.has(wanted.name)
    return !isNumbered && !isSameName(saved.name, wanted.name)
  })
  return new Set(others.map(([, { saved }]) => saved.id))
}

function stemOf(name: string): string {
  return nameKey(name).replace(/ \d+$/, '')
}

function isEqual(one: ConnectionSettings, other: ConnectionSettings): boolean {
  const plain = (settings: ConnectionSettings): string =>
    JSON.stringify(
      Object.entries(settings)
        .filter(([, value]) => value !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    )
  return plain(one) === plain(other)
}

function split<T>(
  all: readonly T[],
  isFirst: (one: T) => boolean,
): readonly [readonly T[], readonly T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))]
}

function faultsOf(
  unknown: readonly string[],
  chosen: readonly string[],
  count: number,
): ImportAnswer['faults'] {
  const faults = unknown.map((id) => ({
    path: `routes[${chosen.indexOf(id)}]`,
    message: `the gateway lists no route "${id}"`,
    hint: 'look at its routes again',
  }))
  if (count <= maxConnections) return faults
  const message = `there would be more than ${maxConnections} connections`
  return [...faults, { path: '', message, hint: 'choose fewer routes, or delete some first' }]
}
