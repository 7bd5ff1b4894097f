import type { NamedTunnel } from '../../publish/named-tunnels.ts'

/** @limit none: names of one tunnel that a connector is told to be without a policy; the rest is left out */
const maxNamesNamed = 10

/** Host names that lead to a tunnel and that nobody may use, since no route of the gateway is for them. */
export function unreachedNames(
  tunnel: NamedTunnel,
  isReached: (hostname: string, tunnel: NamedTunnel) => boolean,
): readonly string[] {
  return tunnel.hostnames.filter((hostname) => !isReached(hostname, tunnel))
}

/** One sentence for each, on one line as logs have it: YAML in its flow style (YAML 1.2.2 §7.4). */
export function unreachedNotices(hostnames: readonly string[]): readonly string[] {
  return hostnames
    .slice(0, maxNamesNamed)
    .map(
      (hostname) =>
        `"${hostname}" is published, and no policy lets anybody use it: add to the gateway's configuration: ${linesFor(hostname)}`,
    )
}

function linesFor(hostname: string): string {
  return `access: [{hostname: ${hostname}, policies: [{action: allow, include: [{email: you@example.com}]}]}]`
}
