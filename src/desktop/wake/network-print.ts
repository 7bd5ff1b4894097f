import { readFileSync } from 'node:fs'
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import { addressKey } from '../../address.ts'

/** As `os.networkInterfaces` answers: interfaces that are up, with their addresses. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

/** Bridges and ends of containers and virtual machines: they come and go, and lead to no gateway. */
const ofGuests =
  /^(?:docker|br-|bridge1\d\d|veth|virbr|vnet|vmnet|vboxnet|cni|flannel|cali|lxc|lxd|podman|kube|vEthernet \((?:WSL|Default Switch))/

/**
 * What tells this machine's network from another one: its addresses, and on Linux where everything else is sent. Two
 * that are equal are the same network. Addresses that come and go by themselves are left out: temporary ones of IPv6
 * (RFC 8981; the first 64 bits stay), those of a link alone, those of guests of this machine.
 */
export function printOf(interfaces: Interfaces, routes: string): string {
  const addresses = Object.entries(interfaces).flatMap(([name, all = []]) =>
    ofGuests.test(name)
      ? []
      : all
          .filter(({ internal, address }) => !internal && !isOfLink(address))
          .map(({ address }) => `${name} ${addressKey(address)}`),
  )
  return [...new Set(addresses), ...defaultRoutes(routes)].toSorted().join('\n')
}

function isOfLink(address: string): boolean {
  return /^(?:fe[89ab][0-9a-f]:|169\.254\.)/i.test(address)
}

/**
 * Of `/proc/net/route`: `Iface Destination Gateway Flags …`, those for every destination.
 *
 * @see https://docs.kernel.org/filesystems/proc.html#networking-info-in-proc-net
 */
function defaultRoutes(table: string): readonly string[] {
  return table.split('\n').flatMap((line) => {
    const [name = '', destination, gateway, , , , , mask] = line.split('\t')
    const isDefault = destination === '00000000' && mask === '00000000'
    return isDefault && !ofGuests.test(name) ? [`${name} by ${gateway}`] : []
  })
}

/** That of this machine now: some 0.1 ms. */
export function networkPrint(): string {
  return printOf(networkInterfaces(), routeTable())
}

function routeTable(): string {
  if (process.platform !== 'linux') return ''
  try {
    // The kernel makes it in memory.
    return readFileSync('/proc/self/net/route', 'latin1')
  } catch {
    return ''
  }
}
