// The rules by which a stock connector chooses a service for a host name, as far as the gateway must know them.
import { domainToASCII } from 'node:url'
import { z } from 'zod'
import { printable } from '../../terminal-text.ts'
import type { OfferedService } from '../../tunnel/connector/protocol.ts'

/** @limit rules of a stock connector that are looked at: the rest is left out */
const maxRules = 1_000

const rulesForm = z.object({
  ingress: z
    .array(
      z.object({
        hostname: z.string().optional(),
        path: z.string().optional(),
        service: z.string(),
      }),
    )
    .optional(),
})

/** What a connector without rules of its own reports, which answers everything with 503. */
const noRules = 'http_status:503'

/**
 * The services that a connector's configuration offers for every path, first match first; empty where it has
 * none, undefined where it is no configuration. Rules for some paths alone are HTTP's, and left out.
 */
export function readIngress(json: string): readonly OfferedService[] | undefined {
  const read = rulesForm.safeParse(parseJson(json))
  if (!read.success) return undefined
  const offered = (read.data.ingress ?? [])
    .slice(0, maxRules)
    .filter(({ path = '' }) => path === '')
    .map(({ hostname = '', service }) => ({
      hostname: hostname === '' || hostname === '*' ? undefined : readHostname(hostname),
      service: printable(service),
    }))
  const [first] = offered
  const isEmpty =
    offered.length === 1 && first?.hostname === undefined && first?.service === noRules
  return isEmpty ? [] : offered
}

/** The configuration that makes a connector serve these; its last rule must be a catch-all. */
export function writeIngress(services: readonly OfferedService[]): unknown {
  const named = services.filter(({ hostname }) => hostname !== undefined)
  const rest = services.find(({ hostname }) => hostname === undefined)
  const last = { service: rest?.service ?? 'http_status:404' }
  return { ingress: [...named, last], 'warp-routing': {} }
}

/** In the form of DNS, in lower case; of what is no name, what was written. */
function readHostname(text: string): string {
  const isWildcard = text.startsWith('*.')
  const ascii = domainToASCII(isWildcard ? text.slice(2) : text)
  return ascii === '' ? printable(text) : `${isWildcard ? '*.' : ''}${ascii}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
