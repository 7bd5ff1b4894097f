import type { GatewayAddress } from '../../client/reach/destination.ts'
import type { LeftOut } from '../../client/ssh-config/entries.ts'
import type { Voice } from '../speech/voice.ts'

/**
 * Most that are named of a kind.
 *
 * @limit hosts of a kind that "postern ssh-config" says it left out: the others are counted
 */
const maxNamed = 20

/** Says which routes are not in the file, why, and what to do about it. */
export function sayWhatIsLeftOut(
  { outside, otherGateways, patterns, names }: LeftOut & { readonly names: readonly string[] },
  { host, origin }: GatewayAddress,
  voice: Voice,
): void {
  const say = (found: readonly string[], why: string, hint: string): void => {
    if (found.length > 0) voice.warn(`left out ${listOf(found)}: ${why}`, { hint })
  }
  say(
    outside,
    `not a host of "${host}", nor below its domain`,
    'what is behind this gateway all the same is written with "--domain HOST", or a domain above it',
  )
  say(
    otherGateways,
    'reached through a gateway of another domain',
    'when you trust that gateway as well, add its domain with "--domain"',
  )
  say(
    patterns,
    'a pattern stands for machines that nobody has named',
    `write one yourself: "Host PATTERN" with "ProxyCommand postern tcp --gateway ${origin} --listen - %h:%p"`,
  )
  say(
    names,
    'a name without a domain may be a machine of yours',
    '"--names" writes them beside their hosts',
  )
}

function listOf(found: readonly string[]): string {
  const named = found.slice(0, maxNamed).map((text) => `"${text}"`)
  const rest = found.length - named.length
  return rest === 0 ? named.join(', ') : `${named.join(', ')} and ${rest} more`
}
