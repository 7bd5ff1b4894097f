import { randomBytes } from 'node:crypto'
import type { KnownGateways } from '../../client/gateways/known-gateway.ts'
import { SystemError } from '../../errors.ts'
import { checkConnection } from '../connections/check-connection.ts'
import { writtenAddress } from '../connections/local-place.ts'
import { maxConnections } from '../connections/connections-file.ts'
import { ownAddress } from '../connections/local-address.ts'
import type { ConnectionSettings, SavedConnection } from '../wire/connection.ts'
import { checkAll } from './check-all.ts'
import { notFound, type Kept } from './kept.ts'

/** What is to become of a person's connections, by their ids. */
export interface Change {
  readonly add?: readonly ConnectionSettings[]
  readonly replace?: ReadonlyMap<string, ConnectionSettings>
  readonly remove?: readonly string[]
}

/** What a change comes to; nothing of it holds yet. */
export interface Plan {
  readonly next: ReadonlyMap<string, Kept>
  /** Those of the daemon's own file, in their order. */
  readonly own: readonly Kept[]
  /** Ids of those that were named anew. */
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly replaced: readonly Kept[]
}

/** What a plan rests on besides. */
export interface Around {
  readonly platform: NodeJS.Platform
  /** The gateways that `postern login` has remembered. */
  readonly remembered: KnownGateways
}

type All = ReadonlyMap<string, Kept>

/** Those of the file, each with an address that no other one has, nor one of `others`. */
export function keepAll(
  connections: readonly SavedConnection[],
  around: Around,
  others: readonly string[] = [],
): readonly Kept[] {
  // First those that are told theirs: one of an address of its own goes out of the way.
  const told = connections.flatMap(({ listen }) => listen ?? [])
  const addresses = new Set([...others, ...told.map(writtenAddress)])
  return connections.map((saved) => keep(saved, undefined, addresses, around))
}

/**
 * Plans a change of the daemon's own file.
 *
 * @throws ConfigError with a fault's `path` at each key; PeerError `connection-not-found`; SystemError
 * `connection-of-file`, `too-many-connections`
 */
export function planChange(kept: All, change: Change, around: Around): Plan {
  const { add = [], replace = new Map<string, ConnectionSettings>(), remove = [] } = change
  for (const id of [...remove, ...replace.keys()]) requireOwn(find(kept, id))
  const gone = new Set([...remove, ...replace.keys()])
  const addresses = taken(kept, gone)
  const replaced = [...replace].map(([id, settings]) => {
    const { saved } = find(kept, id)
    const isSame = saved.destination === settings.destination && saved.address !== undefined
    const address = isSame ? { address: saved.address } : {}
    return keep({ ...settings, id, ...address }, undefined, addresses, around)
  })
  const added = add.map((one) => keep({ ...one, id: newId() }, undefined, addresses, around))
  checkAll([...replaced, ...added], but(kept, gone))
  const next = new Map(kept)
  for (const id of remove) next.delete(id)
  for (const one of [...replaced, ...added]) next.set(one.saved.id, one)
  const own = [...next.values()].filter(({ file }) => file === undefined)
  if (own.length > maxConnections) throw tooMany()
  return { next, own, added: added.map(({ saved }) => saved.id), removed: remove, replaced }
}

/**
 * Plans that the connections of a YAML file are what it says now.
 *
 * @throws ConfigError
 */
export function planFile(
  kept: All,
  file: string,
  settings: readonly ConnectionSettings[],
  around: Around,
): Plan {
  const before = [...kept.values()].filter((one) => one.file === file)
  const idOf = new Map(before.map(({ saved }) => [saved.name, saved.id]))
  const gone = new Set(before.map(({ saved }) => saved.id))
  const addresses = taken(kept, gone)
  const now = settings.map((one) =>
    keep({ ...one, id: idOf.get(one.name) ?? newId() }, file, addresses, around),
  )
  checkAll(now, but(kept, gone))
  const next = new Map([...kept].filter(([id]) => !gone.has(id)))
  for (const one of now) next.set(one.saved.id, one)
  return {
    next,
    own: [],
    added: now.map(({ saved }) => saved.id),
    removed: [...gone].filter((id) => !next.has(id)),
    replaced: now.filter(({ saved }) => gone.has(saved.id)),
  }
}

/** Plans that the daemon's own connections are those of its file, which somebody else has written. */
export function planRead(kept: All, connections: readonly SavedConnection[], around: Around): Plan {
  const all = [...kept.values()]
  const others = all.filter(({ file }) => file !== undefined)
  const now = keepAll(
    connections,
    around,
    others.map(({ address }) => address),
  )
  const next = new Map([...now, ...others].map((one) => [one.saved.id, one]))
  return {
    next,
    own: now,
    added: [],
    removed: all.map(({ saved }) => saved.id).filter((id) => !next.has(id)),
    replaced: now.filter(({ saved }) => kept.has(saved.id)),
  }
}

function find(kept: All, id: string): Kept {
  const found = kept.get(id)
  if (found === undefined) throw notFound(id)
  return found
}

function but(kept: All, gone: ReadonlySet<string>): readonly Kept[] {
  return [...kept.values()].filter(({ saved }) => !gone.has(saved.id))
}

/** Addresses that others have: their own, or the one they are told to listen on. */
function taken(kept: All, gone: ReadonlySet<string>): Set<string> {
  return new Set(but(kept, gone).map(({ address }) => address))
}

/** `addresses` are those that others have; this one's joins them. */
function keep(
  saved: SavedConnection,
  file: string | undefined,
  addresses: Set<string>,
  around: Around,
): Kept {
  const { checked } = checkConnection(saved, around.remembered)
  const authority = checked?.destination?.authority ?? saved.destination
  const isFree = saved.address !== undefined && !addresses.has(saved.address)
  const own = isFree ? (saved.address ?? '') : ownAddress(authority, addresses, around.platform)
  const address = saved.listen === undefined ? own : writtenAddress(saved.listen)
  addresses.add(address)
  return { saved: { ...saved, address: own }, checked, file, address, running: undefined }
}

function requireOwn({ saved, file }: Kept): void {
  if (file === undefined) return
  throw new SystemError('connection-of-file', `"${saved.name}" is kept in "${file}"`, {
    hint: `change it there, and run "postern up -f ${file}" again`,
  })
}

/** 72 random bits: nobody has to guess it, and none comes twice. */
function newId(): string {
  return `c-${randomBytes(9).toString('hex')}`
}

function tooMany(): SystemError {
  return new SystemError(
    'too-many-connections',
    `there are ${maxConnections} connections already`,
    {
      hint: 'delete some first',
    },
  )
}

/** One that is not up, as it leads by what is remembered now; the same one where that changes nothing. */
export function ledAnew(one: Kept, { remembered }: Around): Kept {
  if (one.running !== undefined) return one
  const { checked } = checkConnection(one.saved, remembered)
  const originOf = (of: Kept['checked']): string | undefined => of?.destination?.gateway.origin
  return originOf(checked) === originOf(one.checked) ? one : { ...one, checked }
}
