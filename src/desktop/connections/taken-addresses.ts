import { readLocalAddress } from './local-place.ts'

/** Which local addresses connections listen on, by the names of these. */
export interface TakenAddresses {
  /** Who listens there already, or on all addresses of that port; undefined for nobody. */
  holderOf(listen: string): string | undefined
  add(listen: string, name: string): void
}

/** A text that is no address, in a file that somebody edited, takes none. */
export function createTakenAddresses(): TakenAddresses {
  const holders = new Map<string, string>()
  return {
    holderOf: (listen) =>
      placesOf(listen)
        .inTheWay.map((place) => holders.get(place))
        .find((holder) => holder !== undefined),
    add(listen, name) {
      for (const place of placesOf(listen).own) if (!holders.has(place)) holders.set(place, name)
    },
  }
}

/** Hosts that mean all addresses of this machine. */
const allHosts = new Set(['', '0.0.0.0', '::'])

/** What an address takes, and what of others is in its way. */
function placesOf(listen: string): {
  readonly own: readonly string[]
  readonly inTheWay: readonly string[]
} {
  const address = readLocalAddress(listen)
  if (address === undefined) return { own: [], inTheWay: [] }
  if (address.kind === 'unix') return { own: [address.path], inTheWay: [address.path] }
  const { host = '', port } = address
  // The system chooses one that is free.
  if (port === 0) return { own: [], inTheWay: [] }
  const [some, all] = [`some:${port}`, `all:${port}`]
  if (allHosts.has(host)) return { own: [some, all], inTheWay: [some] }
  const one = `${host === 'localhost' ? '127.0.0.1' : host}:${port}`
  return { own: [some, one], inTheWay: [one, all] }
}
