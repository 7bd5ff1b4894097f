import { PeerError } from '../../errors.ts'
import type { CheckedConnection } from '../connections/check-connection.ts'
import { nameKey } from '../connections/names.ts'
import type { Which } from '../wire/calls.ts'
import type { SavedConnection } from '../wire/connection.ts'
import type { RunningConnection } from './running-connection.ts'

/** A connection as the daemon has it. */
export interface Kept {
  readonly saved: SavedConnection
  readonly checked: CheckedConnection | undefined
  /** Where it was read from, unless it is the daemon's own file. */
  readonly file: string | undefined
  /** Its local address, listening or not. */
  readonly address: string
  readonly running: RunningConnection | undefined
}

/** Whether a connection can go on as it is: nothing that its tunnels rest on is another. */
export function isSameWay(one: Kept, before: Kept): boolean {
  const way = ({ saved, address, checked }: Kept): string =>
    JSON.stringify([
      address,
      checked?.destination?.gateway.origin,
      saved.destination,
      saved.gateway,
      saved.protocol,
      saved.disable_tls_verification,
      saved.ca_file,
      saved.ca_cert,
      saved.client_cert_file,
      saved.client_key_file,
      saved.client_cert,
      saved.client_key,
      saved.client_cert_from_store,
    ])
  return way(one) === way(before)
}

export function notFound(name: string, what = 'connection'): PeerError {
  return new PeerError(`${what}-not-found`, `there is no ${what} "${name}"`, {
    hint: 'see "postern status"',
  })
}

/**
 * Those that are meant: with names and a tag those that have both.
 *
 * @throws PeerError `connection-not-found`, `tag-not-found`
 */
export function chosen(all: readonly Kept[], { connections, tag }: Which): readonly Kept[] {
  const isTagged = ({ saved }: Kept): boolean => tag === undefined || saved.tags.includes(tag)
  const tagged = all.filter(isTagged)
  if (tag !== undefined && tagged.length === 0) throw notFound(tag, 'tag')
  if (connections === undefined) return tagged
  const byId = new Map(all.map((one) => [one.saved.id, one]))
  const byName = new Map(all.map((one) => [nameKey(one.saved.name), one]))
  const named = connections.map((name) => {
    const found = byId.get(name) ?? byName.get(nameKey(name))
    if (found === undefined) throw notFound(name)
    return found
  })
  return named.filter(isTagged)
}
