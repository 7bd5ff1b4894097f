import type { LogFields } from '../../log.ts'
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
        `"${hostname}" is published, and no policy lets anybody use it: add to the gateway's configuration: ${linesFor([hostname])}`,
    )
}

/** What the gateway's own log says of them. */
export function unreachedWarning({ name }: NamedTunnel, all: readonly string[]): LogFields {
  const hostnames = all.slice(0, maxNamesNamed)
  const hint = `add to the configuration, with a policy of yours: ${linesFor(hostnames)}`
  return { tunnel: name, hostnames, hint }
}

function linesFor(hostnames: readonly string[]): string {
  const policies = '[{action: allow, include: [{email: you@example.com}]}]'
  const entries = hostnames.map((hostname) => `{hostname: ${hostname}, policies: ${policies}}`)
  return `access: [${entries.join(', ')}]`
}
