import { parseAuthority, formatAuthority } from '../address.ts'
import type { HostPort } from '../address.ts'

/** How the quickstart was asked to run. */
export interface QuickstartOptions {
  /** Port of the gateway on loopback; 0 for one the system chooses, undefined for the usual one or another that is free. */
  readonly port: number | undefined
  /** The user's own services, which get a route each. */
  readonly to: readonly HostPort[]
  readonly proves: boolean
  /** Ends after the proof instead of staying up. */
  readonly once: boolean
  /** Prints every command, and not only the first ones. */
  readonly showsAll: boolean
  /** The words that run `postern`, from any directory. */
  readonly program: readonly string[]
  /** `PATH`, where a PostgreSQL is looked for. */
  readonly searchPath: string
}

/** The usual port of the quickstart's gateway. */
export const defaultPort = 8443

/** Most services of the user's own: each is a section of the output. */
export const maxServices = 20

/**
 * Reads a port, 0 for any.
 *
 * @throws RangeError
 */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw new RangeError('expected a number from 0 to 65535')
}

/**
 * Reads where a service is.
 *
 * @throws TypeError
 */
export function parseService(text: string): HostPort {
  const service = /^tcp:\/\//i.test(text)
    ? parseAuthority(text.slice(6).replace(/\/$/, ''))
    : undefined
  if (service !== undefined) return service
  const bare = parseAuthority(text)
  const instead = bare === undefined ? 'tcp://127.0.0.1:5432' : `tcp://${formatAuthority(bare)}`
  throw new TypeError(`expected a URL such as "${instead}"`)
}
