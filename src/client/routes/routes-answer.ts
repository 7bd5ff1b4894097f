import { PeerError } from '../../errors.ts'
import { printable } from '../../terminal-text.ts'

/** A route that somebody may use, as the gateway lists it; every text can be printed on a terminal. */
export interface ListedRoute {
  readonly id: string
  readonly name: string
  /** `tcp`; a Pomerium has others. */
  readonly type: string
  readonly from: string
  readonly description: string
  /** Empty when the gateway says none. */
  readonly connectCommand: string
}

/** A route that somebody may not use now, but may know of. */
export interface ClosedRoute extends ListedRoute {
  /** Codes of the policy. */
  readonly reasons: readonly string[]
  /** The same in words. */
  readonly why: string
  readonly contact: string
}

/** What a gateway lists for one person. */
export interface RoutesAnswer {
  readonly routes: readonly ListedRoute[]
  readonly closed: readonly ClosedRoute[]
  /** ISO 8601; undefined when nobody had to sign in, or a Pomerium does not say. */
  readonly sessionExpiresAt: string | undefined
}

/**
 * Most routes of one kind that are read.
 *
 * @limit routes of one kind in a list: the rest is left out
 */
const maxRoutes = 10_000
/**
 * Longest `from` that a gateway accepts in its configuration, in characters.
 *
 * @limit none: what a gateway accepts in its configuration
 */
const maxFromChars = 4096

/**
 * Reads the answer of the routes API, ours or that of a stock Pomerium. Control characters are gone from
 * every text, so that no route's name moves the cursor or begins a line.
 *
 * @throws PeerError `not-a-gateway`
 */
export function decodeRoutes(text: string): RoutesAnswer {
  const fields = objectOf(parse(text))
  if (!Array.isArray(fields?.['routes'])) {
    throw new PeerError('not-a-gateway', 'the gateway did not answer with its routes', {
      hint: 'check the address: a gateway lists its routes at "/.pomerium/api/v1/routes"',
    })
  }
  return {
    routes: recordsOf(fields['routes']).map(toRoute),
    closed: recordsOf(fields['listed_routes']).map((record) => ({
      ...toRoute(record),
      reasons: listOf(record['reasons']).map(printable),
      why: printable(record['why']),
      contact: printable(record['contact']),
    })),
    sessionExpiresAt: printable(fields['session_expires_at']) || undefined,
  }
}

type Fields = Readonly<Record<string, unknown>>

function toRoute(record: Fields): ListedRoute {
  const from = record['from']
  return {
    id: printable(record['id']),
    name: printable(record['name']),
    type: printable(record['type']),
    // It may be longer than what `printable` keeps: taken as it is when it is harmless, and left out
    // otherwise.
    from: typeof from === 'string' && isPlain(from) ? from : '',
    description: printable(record['description']),
    connectCommand: printable(record['connect_command']),
  }
}

/** Printable ASCII without a space: what every `from` that a gateway accepts consists of. */
function isPlain(text: string): boolean {
  return text.length <= maxFromChars && /^[\x21-\x7e]*$/.test(text)
}

function recordsOf(value: unknown): readonly Fields[] {
  return listOf(value)
    .map(objectOf)
    .filter((record) => record !== undefined)
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, maxRoutes) : []
}

function objectOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null ? { ...value } : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
