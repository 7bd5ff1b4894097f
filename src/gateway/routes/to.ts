import { parseAuthority } from '../../address.ts'
import { mustBe, show } from '../../schema.ts'
import type { Fault } from '../../schema.ts'
import type { Upstream } from './route.ts'

/** One entry of a route's `to`; weight undefined where none was written. */
export interface ParsedUpstream {
  readonly host: string
  readonly port: number
  readonly weight: number | undefined
}

const form = 'tcp://HOST:PORT'

/** Largest weight: sums of many stay exact, and it is Envoy's own bound on them (32 bits). */
const maxWeight = 4_294_967_295

/** Parses one entry of `to`: `tcp://HOST:PORT`, with `,WEIGHT` behind it where upstreams have weights. */
export function parseTo(text: string): ParsedUpstream | Fault {
  const [, url = '', weightText] = /^([^,]*)(?:,(.*))?$/s.exec(text) ?? []
  const weight = weightText === undefined ? undefined : parseWeight(weightText)
  if (weightText !== undefined && weight === undefined) {
    return { fault: `weight of ${show(text)} must be a whole number of at least 1` }
  }
  const [, scheme, authority] = /^([^:/]*):\/\/(.*)$/s.exec(url) ?? []
  if (scheme === undefined || authority === undefined) return notATo(text)
  const otherScheme = faultOfScheme(scheme.toLowerCase(), text)
  if (otherScheme !== undefined) return otherScheme
  const address = parseAuthority(authority.replace(/\/$/, ''))
  return address === undefined ? notATo(text) : { ...address, weight }
}

/** Gives every upstream its weight: those written, or 1 for all. Some with and some without is a fault. */
export function weighUpstreams(parsed: readonly ParsedUpstream[]): readonly Upstream[] | Fault {
  const weighted = parsed.filter(({ weight }) => weight !== undefined).length
  if (weighted !== 0 && weighted !== parsed.length) {
    return { fault: 'must have a weight on every upstream, or on none' }
  }
  return parsed.map(({ host, port, weight }) => ({ host, port, weight: weight ?? 1 }))
}

function parseWeight(text: string): number | undefined {
  const digits = text.trim()
  if (!/^[0-9]{1,10}$/.test(digits)) return undefined
  const weight = Number(digits)
  return weight >= 1 && weight <= maxWeight ? weight : undefined
}

function faultOfScheme(scheme: string, text: string): Fault | undefined {
  if (scheme === 'tcp') return undefined
  if (scheme === 'https' || scheme === 'http') {
    return {
      fault: `${show(text)} leads through another gateway, which is not supported yet: ${form}`,
    }
  }
  if (scheme === 'udp') return { fault: `${show(text)} is UDP, and Postern serves TCP only` }
  return notATo(text)
}

function notATo(text: string): Fault {
  const hint = parseAuthority(text) === undefined ? undefined : `write tcp://${text}`
  return { fault: mustBe(form, text), hint }
}
