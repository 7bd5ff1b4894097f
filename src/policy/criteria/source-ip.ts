import { BlockList, isIP } from 'node:net'
import { unmapIPv4 } from '../../address.ts'
import { kindOf, type Place } from '../place.ts'
import { aboutRequest, answer, type Criterion } from './criterion.ts'

interface Network {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  readonly prefix: number
}

/** `source_ip: [10.0.0.0/8, "2001:db8::/32"]` — where the client connects from. */
export const sourceIp: Criterion = {
  name: 'source_ip',
  data: 'an IP address or CIDR range, or a list of them',
  doc: "holds when the client's IP address is one of these or within one of these ranges",
  reasons: ['source-ip-ok', 'source-ip-unauthorized'],
  parse(data, place) {
    const networks = parseNetworks(data, place)
    if (networks === undefined) return undefined
    const contains = containment(networks)
    return aboutRequest(({ sourceIp }) =>
      answer(contains(sourceIp), 'source-ip-ok', 'source-ip-unauthorized'),
    )
  },
}

function parseNetworks(data: unknown, place: Place): readonly Network[] | undefined {
  if (!Array.isArray(data)) {
    const network = parseNetwork(data, place)
    return network && [network]
  }
  if (data.length === 0) return place.problem('must name at least one IP address or range')
  const networks = data.map((item, index) => parseNetwork(item, place.at(index)))
  return networks.every((network) => network !== undefined) ? networks : undefined
}

function parseNetwork(data: unknown, place: Place): Network | undefined {
  const expected = 'an IP address or a range such as "10.0.0.0/8"'
  if (typeof data !== 'string') return place.problem(`must be ${expected}, not ${kindOf(data)}`)
  const [address = '', prefix, ...rest] = data.split('/')
  const bits = { 4: 32, 6: 128 }[isIP(address)]
  if (bits === undefined || address.includes('%') || rest.length > 0) {
    return place.problem(`must be ${expected}, not "${data}"`)
  }
  if (prefix !== undefined && !(/^(?:0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= bits)) {
    return place.problem(`must have a prefix of 0 to ${bits} after the "/", not "${prefix}"`)
  }
  const length = prefix === undefined ? bits : Number(prefix)
  return bits === 32
    ? { address, family: 'ipv4', prefix: length }
    : unmapped({ address, family: 'ipv6', prefix: length })
}

/** A range within `::ffff:0:0/96` (RFC 4291 §2.5.5.2) stands for IPv4 addresses: clients have those. */
function unmapped(network: Network): Network {
  const { hostname } = new URL(`http://[${network.address}]`)
  const mapped = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(hostname)
  if (mapped === null || network.prefix < 96) return network
  const octets = mapped
    .slice(1)
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff])
  return { address: octets.join('.'), family: 'ipv4', prefix: network.prefix - 96 }
}

/** One list for each family: a single `BlockList` lets `::/0` contain every IPv4 address. */
function containment(networks: readonly Network[]): (address: string) => boolean {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const { address, family, prefix } of networks) {
    lists[family].addSubnet(address, prefix, family)
  }
  return (address) => {
    const plain = unmapIPv4(address.replace(/%.*$/, ''))
    const family = isIP(plain) === 4 ? 'ipv4' : 'ipv6'
    return lists[family].check(plain, family)
  }
}
