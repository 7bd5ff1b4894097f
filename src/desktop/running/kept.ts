import { randomBytes } from 'node:crypto'
import { ConfigError, PeerError, SystemError } from '../../errors.ts'
import { checkConnection, type CheckedConnection } from '../connections/check-connection.ts'
import { maxConnections } from '../connections/connections-file.ts'
import { isSameName, otherName } from '../connections/names.ts'
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
  const way = ({ saved, address }: Kept): string =>
    JSON.stringify([
      address,
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

/** Every fault at once: of settings, of a name or a local address that another one has. */
export function checkAll(changed: readonly Kept[], others: readonly Kept[]): void {
  const problems = changed.flatMap((one, index) => {
    const at = changed.length === 1 ? '' : `connections[${index}].`
    const before = [...others, ...changed.slice(0, index)]
    const { name, listen } = one.saved
    const faults = [...checkConnection(one.saved).faults]
    if (before.some(({ saved }) => isSameName(saved.name, name))) {
      const hint = `such as "${otherName(
        name,
        before.map(({ saved }) => saved.name),
      )}"`
      faults.push({ key: 'name', message: `"${name}" is the name of another connection`, hint })
    }
    const same = listen !== undefined && before.find(({ address }) => address === listen)
    if (same !== undefined && same !== false && !listen?.endsWith(':0')) {
      const message = `"${listen}" is the local address of "${same.saved.name}"`
      faults.push({ key: 'listen', message, hint: 'choose another port, or leave it empty' })
    }
    return faults.map(({ key, message, hint }) => ({
      source: '',
      path: `${at}${key}`,
      message,
      hint,
    }))
  })
  if (problems.length > 0) throw new ConfigError(problems)
}

export function requireOwn({ saved, file }: Kept): void {
  if (file === undefined) return
  throw new SystemError('connection-of-file', `"${saved.name}" is kept in "${file}"`, {
    hint: `change it there, and run "postern up -f ${file}" again`,
  })
}

/** 72 random bits: nobody has to guess it, and none comes twice. */
export function newId(): string {
  return `c-${randomBytes(9).toString('hex')}`
}

export function notFound(name: string, what = 'connection'): PeerError {
  return new PeerError(`${what}-not-found`, `there is no ${what} "${name}"`, {
    hint: 'see "postern status"',
  })
}

export function tooMany(): SystemError {
  return new SystemError(
    'too-many-connections',
    `there are ${maxConnections} connections already`,
    {
      hint: 'delete some first',
    },
  )
}
