import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import type { LookUpAll } from '../../net/dial.ts'

/**
 * Looks the gateway's name up for one of several connections: each begins with another address, so that the
 * loss of one takes only its share. The order of an answer is the resolver's mood, so it is sorted within each
 * family; which family comes first stays its choice (RFC 6724).
 */
export function spreadLookUp(turn: number, lookUp: LookUpAll = systemLookup): LookUpAll {
  return (host, options, done) => {
    lookUp(host, options, (error, addresses) => {
      if (error === null) done(null, rotate(inOrder(addresses), turn))
      else done(error, addresses)
    })
  }
}

function inOrder(addresses: readonly LookupAddress[]): readonly LookupAddress[] {
  const preferred = addresses[0]?.family
  const rank = ({ family }: LookupAddress): number => (family === preferred ? 0 : 1)
  return addresses.toSorted(
    (a, b) => rank(a) - rank(b) || (a.address < b.address ? -1 : Number(a.address > b.address)),
  )
}

function rotate(addresses: readonly LookupAddress[], turn: number): LookupAddress[] {
  const start = addresses.length === 0 ? 0 : turn % addresses.length
  return [...addresses.slice(start), ...addresses.slice(0, start)]
}
