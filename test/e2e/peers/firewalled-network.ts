import { program } from '../peers.ts'
import type { Scope } from '../scope.ts'
import { openNamespace, type Machine, type Namespace } from './namespaces.ts'

/** Who may begin a connection to which port of whom. */
export interface Flow {
  readonly from: NetworkMachine
  readonly to: NetworkMachine
  readonly port: number
}

/** A machine on a network of its own behind the router. */
export interface NetworkMachine extends Machine {
  /** All its addresses, `address` first. */
  readonly addresses: readonly string[]
  /** Whether a TCP connection to an address comes about within a second. */
  reaches(address: string, port: number): Promise<boolean>
}

/** Machines around a router, which passes everything until it is told what to pass. */
export interface Network<Name extends string> {
  readonly machines: Readonly<Record<Name, NetworkMachine>>
  /** Passes these flows and the answers to them from now on, and drops everything else without a word. */
  permit(flows: readonly Flow[]): Promise<void>
  /** Drops from now on, both ways and without a word, what one end sends or gets on a TCP port of its own. */
  swallow(port: number): Promise<void>
  /** Drops the same of an address. */
  swallowAddress(address: string): Promise<void>
}

export interface NetworkOptions<Name extends string> {
  readonly names: readonly Name[]
  /** How many addresses a machine has, where it is not one. */
  readonly addressCounts?: Partial<Record<Name, number>>
  /** What `/etc/hosts` says everywhere, by the machines' addresses. */
  readonly hosts: (addresses: Readonly<Record<Name, readonly string[]>>) => string
}

/** Makes the machines and the router between them. Nothing leads anywhere else. */
export async function layNetwork<Name extends string>(
  scope: Scope,
  { names, addressCounts, hosts }: NetworkOptions<Name>,
): Promise<Network<Name>> {
  const addresses = recordOf(names, (name, index) =>
    Array.from({ length: addressCounts?.[name] ?? 1 }, (_, count) => `10.9.${index}.${count + 2}`),
  )
  const text = `127.0.0.1 localhost\n${hosts(addresses)}\n`
  const [router, ...opened] = await Promise.all([
    openNamespace(scope),
    ...names.map(() => openNamespace(scope, text)),
  ])
  const namespaces = recordOf(names, (_name, index) => opened[index] as Namespace)
  await router.shell(`
    echo 1 >/proc/sys/net/ipv4/ip_forward
    ${names.map((name) => `ip link add ${name} type veth peer name line netns ${namespaces[name].pid}`).join('\n')}
    ${names.map((name, index) => `ip address add 10.9.${index}.1/24 dev ${name}; ip link set ${name} up`).join('\n')}
    nft 'table ip firewall {
      chain swallowed { type filter hook forward priority -1; }
      chain permitted { type filter hook forward priority 0; }
    }'
  `)
  await Promise.all(
    names.map((name, index) => plugIn(namespaces[name], `10.9.${index}.1`, addresses[name])),
  )
  const nft = (rules: string): Promise<void> => router.shell(`nft '${rules}'`)
  return {
    machines: recordOf(names, (name) => machineOf(namespaces[name], addresses[name])),
    permit: (flows) =>
      nft(`flush chain ip firewall permitted
        table ip firewall { chain permitted {
          ${flows.map(rulesOf).join('\n')}
          drop
        }
        }`),
    swallow: (port) =>
      nft(`add rule ip firewall swallowed tcp sport ${port} drop
        add rule ip firewall swallowed tcp dport ${port} drop`),
    swallowAddress: (address) =>
      nft(`add rule ip firewall swallowed ip saddr ${address} drop
        add rule ip firewall swallowed ip daddr ${address} drop`),
  }
}

function plugIn(machine: Namespace, router: string, addresses: readonly string[]): Promise<void> {
  return machine.shell(`
    ip link set lo up
    ip link set line up
    ${addresses.map((address) => `ip address add ${address}/24 dev line`).join('\n')}
    ip route add default via ${router}
  `)
}

/** Whoever answers never begins: the first packet of a connection has SYN alone (RFC 9293 §3.5). */
function rulesOf({ from, to, port }: Flow): string {
  const [near, far] = [from, to].map(({ addresses }) => `{ ${addresses.join(', ')} }`)
  return `ip saddr ${near} ip daddr ${far} tcp dport ${port} accept
    ip saddr ${far} ip daddr ${near} tcp sport ${port} tcp flags & (syn | ack) != syn accept`
}

function machineOf(namespace: Namespace, addresses: readonly string[]): NetworkMachine {
  const attempt = `import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)`
  return {
    ...namespace,
    address: addresses[0] ?? '',
    addresses,
    async reaches(address, port) {
      const child = namespace.start(program('python3'), ['-c', attempt, address, `${port}`])
      return (await child.ended) === 0
    },
  }
}

function recordOf<Name extends string, Value>(
  names: readonly Name[],
  make: (name: Name, index: number) => Value,
): Record<Name, Value> {
  return Object.fromEntries(names.map((name, index) => [name, make(name, index)])) as Record<
    Name,
    Value
  >
}
