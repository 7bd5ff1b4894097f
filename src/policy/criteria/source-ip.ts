import { createIpMatcher, ipRangeForm, parseIpRange, type IpRange } from '../../ip-ranges.ts'
import { never, type Doubt } from '../matchers/doubt.ts'
import { kindOf, type Place } from '../place.ts'
import { listed, quoted } from './words.ts'
import { aboutRequest, answer, type Criterion } from './criterion.ts'

/** `source_ip: [10.0.0.0/8, "2001:db8::/32"]` — where the client connects from. */
export const sourceIp: Criterion = {
  name: 'source_ip',
  data: 'an IP address or CIDR range, or a list of them',
  doc: "holds when the client's IP address is one of these or within one of these ranges",
  reasons: ['source-ip-ok', 'source-ip-unauthorized'],
  words: {
    found: ({ sourceIp }) => quoted(sourceIp),
    wanted: (data) => `a network address within ${listed(Array.isArray(data) ? data : [data])}`,
    wantedBriefly: () => 'a network address that this route names',
  },
  parse(data, place) {
    const ranges = parseRanges(data, place)
    if (ranges === undefined) return undefined
    const contains = createIpMatcher(ranges)
    return aboutRequest(({ sourceIp }) =>
      answer(contains(sourceIp), 'source-ip-ok', 'source-ip-unauthorized'),
    )
  },
}

function parseRanges(data: unknown, place: Place): readonly IpRange[] | undefined {
  if (!Array.isArray(data)) {
    const range = parseRange(data, place)
    return range && [range]
  }
  if (data.length === 0) return place.problem('must name at least one IP address or range')
  const ranges = data.map((item, index) => parseRange(item, place.at(index)))
  return ranges.every((range) => range !== undefined) ? ranges : undefined
}

function parseRange(data: unknown, place: Place): IpRange | undefined {
  if (typeof data !== 'string') return place.problem(`must be ${ipRangeForm}, not ${kindOf(data)}`)
  const range = parseIpRange(data)
  if ('fault' in range) return place.problem(range.fault)
  const doubt = doubtRange(data, range)
  if (doubt !== undefined) place.warn(doubt.message, doubt.hint)
  return range
}

/** Nobody connects from these (RFC 5771, RFC 4291 §2.5.2, §2.7, RFC 919 §7). */
const noSources: readonly IpRange[] = [
  { address: '0.0.0.0', family: 'ipv4', prefix: 32 },
  { address: '::', family: 'ipv6', prefix: 128 },
  { address: '224.0.0.0', family: 'ipv4', prefix: 4 },
  { address: 'ff00::', family: 'ipv6', prefix: 8 },
  { address: '255.255.255.255', family: 'ipv4', prefix: 32 },
]

function doubtRange(text: string, { address, family, prefix }: IpRange): Doubt | undefined {
  const isNone = noSources.some(
    (none) => none.family === family && prefix >= none.prefix && createIpMatcher([none])(address),
  )
  if (!isNone) return undefined
  const isAny = /^[0:.]+$/.test(address)
  const every = family === 'ipv4' ? '0.0.0.0/0' : '"::/0"'
  return never(
    text,
    'nobody connects from there',
    isAny ? `for everybody, write ${every}` : undefined,
  )
}
