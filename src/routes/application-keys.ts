import type { ForeignKey } from '../foreign-keys.ts'
import { parseHost } from '../address.ts'
import { mustBe, show, textOf, type Fault } from '../schema.ts'
import { textKey, type Key } from '../setting-key.ts'
import { duration } from '../setting-values.ts'
import { routeKeys, type RouteKey } from './route-keys.ts'
import { parseTo } from './to.ts'

const hostForm = 'a host name such as tcp.example.com'

/** Labels, the first perhaps a star: what a certificate can be for. */
function parseHostname(text: string): string | Fault | undefined {
  if (text.includes('/') || /:\d*$/.test(text)) {
    const host = text.replace(/^[^/]*:\/\//, '').replace(/[:/].*$/s, '')
    const hint = parseHost(host) === undefined ? undefined : `write ${host}`
    return { fault: `must be ${hostForm} and nothing more, not ${show(text)}`, hint }
  }
  const name = parseHost(text.replace(/^\*\./, ''))
  if (name === undefined || /^[\d.]+$|:/.test(name)) return undefined
  return text.startsWith('*.') ? `*.${name}` : name
}

function parseService(text: string): string | Fault {
  const to = parseTo(text)
  if ('fault' in to) return { fault: mustBe(serviceForm, text), hint: to.hint }
  if (to.scheme === 'connector') return text
  if (to.scheme !== 'tcp') return { fault: mustBe(serviceForm, text) }
  return to.weight === undefined
    ? text
    : { fault: `${show(text)} has a weight, and is the only one` }
}

const serviceForm = 'tcp://HOST:PORT, or connector://NAME for a tunnel'

/** Keys of a route that an application has as well. */
const shared = [
  'policies',
  'policy',
  'policy_names',
  'approval',
  'break_glass',
  'id',
  'name',
  'description',
  'listed',
  'namespace',
  'contact',
  'allow_metadata_address',
  'upstream_proxy_protocol',
  'timeout',
  'idle_timeout',
  'stall_timeout',
  'tell',
  'max_tunnels',
  'tags',
  'disabled',
] as const satisfies readonly RouteKey[]

/** Every key of an entry of `access`. */
export const applicationKeys: Readonly<Record<string, Key<unknown>>> = {
  hostname: textKey(textOf(hostForm, parseHostname), 'host name', {
    variable: 'none',
    without: 'required',
    doc: 'The name by which clients reach it: they connect to the gateway by that name. `*.example.com` is every name below `example.com` that has no application or route of its own, and is none of the gateway.',
  }),
  service: textKey(textOf(serviceForm, parseService), '`connector://NAME` or `tcp://HOST:PORT`', {
    variable: 'none',
    without: 'whichever tunnel has registered the name',
    doc: 'Where it leads: through a connector of that named tunnel, as `to` of a route says it, or straight to a service that the gateway reaches.',
  }),
  session_duration: textKey(duration, 'duration', {
    variable: 'none',
    without: 'as long as `cookie_expire` says',
    doc: "Cloudflare's longest life of a sign-in for the application. Here a sign-in lasts for every application as long as `cookie_expire` says: a shorter one does not load.",
  }),
  ...Object.fromEntries(shared.map((name) => [name, routeKeys[name]])),
}

export const applicationKeyNames: readonly string[] = Object.keys(applicationKeys)

/** Keys of an application of Cloudflare's API that have no equal here (reference 3.1). */
export const foreignApplicationKeys: readonly ForeignKey[] = (
  [
    ['refused', 'allowed_idps', 'there is one identity provider, the global one'],
    [
      'refused',
      'mfa_config',
      "whether somebody used a second factor is the identity provider's to say",
    ],
    [
      'refused',
      'read_service_tokens_from_header',
      'service accounts are given as cloudflared sends them, in CF-Access-Client-Id and -Secret',
    ],
    ['refused', 'target_criteria', 'targets of infrastructure are not known here'],
    ['refused', 'destinations', 'write one entry for each host name'],
    ['refused', 'domain', 'write "hostname"'],
    ['refused', 'self_hosted_domains', 'write one entry for each host name'],
    ['ignored', 'app_launcher_visible', 'people see what they may use; see "listed"'],
    ['ignored', 'cors_headers', 'applies to HTTP requests, and a tunnel carries bytes'],
    ['ignored', 'logo_url', 'the look of pages is fixed'],
    ['ignored', 'type', 'every application here is a TCP service'],
  ] as const
).map(([kind, key, why]) => ({ class: kind, key, why }))
