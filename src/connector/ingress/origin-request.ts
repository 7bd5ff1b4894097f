import type { ForeignKey } from '../../foreign-keys.ts'
import { defaultOf, key, type Key, type ValuesOf } from '../../setting-key.ts'
import { duration, flag } from '../../setting-values.ts'
import { mustBe } from '../../schema.ts'
import { z } from 'zod'
import { ipRulesSchema, type IpRule } from './ip-rules.ts'

/** How a service is dialled. */
export interface OriginRequest {
  /** Longest wait for the connection, name look-up included, in milliseconds. */
  readonly connectTimeoutMs: number
  /** How long a connection may be silent before TCP asks whether its peer is there; 0: never. */
  readonly tcpKeepAliveMs: number
  /** One address after the other, in the order of the resolver, instead of a race of both families. */
  readonly noHappyEyeballs: boolean
  readonly bastionMode: boolean
  readonly proxyType: '' | 'socks'
  readonly ipRules: readonly IpRule[]
}

const word = <T extends string>(...words: readonly T[]): z.ZodType<T> =>
  z.unknown().transform((input, context) => {
    const found = words.find((one) => one === input)
    if (found !== undefined) return found
    const expected = words.map((one) => `"${one}"`).join(' or ')
    context.addIssue({ code: 'custom', message: mustBe(expected, input) })
    return z.NEVER
  })

const waitingTime: z.ZodType<number> = duration.refine((durationMs) => durationMs > 0, {
  error: 'must be a duration such as 30s: nothing waits without an end',
})

const originKey = <T>(definition: Omit<Key<T>, 'variable'>): Key<T> =>
  key<T>({ ...definition, variable: 'none' })

/** The keys of `originRequest`, of the file and of a rule; a rule's own wins. */
export const originRequestKeys = {
  connectTimeout: originKey({
    schema: waitingTime,
    type: 'duration',
    default: '30s',
    doc: 'How long a service may take to accept a connection, look-up of its name included.',
  }),
  tcpKeepAlive: originKey({
    schema: duration,
    type: 'duration',
    default: '30s',
    doc: 'Silence after which TCP asks whether the service is still there; `0s` never asks.',
  }),
  noHappyEyeballs: originKey({
    schema: flag,
    type: 'true or false',
    default: false,
    doc: 'Try the addresses of a name one after the other, in the order of the resolver. Otherwise IPv6 and IPv4 are tried in turn, each 250 ms after the one before, and the first that answers is used.',
  }),
  bastionMode: originKey({
    schema: flag,
    type: 'true or false',
    default: false,
    doc: 'The same as `service: bastion`.',
  }),
  proxyType: originKey({
    schema: word('', 'socks'),
    type: '`""` or `socks`',
    default: '',
    doc: '`socks` is the same as `service: socks-proxy`.',
  }),
  ipRules: originKey({
    schema: ipRulesSchema,
    type: 'list of `prefix`, `ports`, `allow`',
    default: [],
    doc: 'What `bastion` and `socks-proxy` may dial: the first rule whose `prefix` and `ports` fit says so by `allow` (false where it is left out), and what fits none may not be dialled. Names are looked up, and their addresses judged; an IPv6 address by which NAT64, 6to4 or another translator reaches an IPv4 one is judged as both. The metadata service of a cloud, which hands out the credentials of its machine, is allowed by a rule for its address alone.',
  }),
} as const

export type OriginRequestValues = ValuesOf<typeof originRequestKeys>

const forRequests = 'a connector carries bytes, not requests'

/** Keys of cloudflared that mean nothing here, or guard something that is guarded otherwise. */
export const foreignOriginRequestKeys: readonly ForeignKey[] = [
  ...[
    'tlsTimeout',
    'keepAliveConnections',
    'keepAliveTimeout',
    'httpHostHeader',
    'originServerName',
    'matchSNItoHost',
    'caPool',
    'noTLSVerify',
    'disableChunkedEncoding',
    'http2Origin',
  ].map((name): ForeignKey => ({ key: name, class: 'ignored', why: forRequests })),
  { key: 'proxyAddress', class: 'ignored', why: 'nothing listens for the proxy beside the tunnel' },
  { key: 'proxyPort', class: 'ignored', why: 'nothing listens for the proxy beside the tunnel' },
  {
    key: 'access.required',
    class: 'refused',
    why: 'there is no token of Cloudflare to check; every stream has a grant of the gateway, which is verified',
    unless: false,
  },
]

/** The keys of a rule over those of the file over the defaults. */
export function mergeOriginRequest(
  file: OriginRequestValues,
  rule: OriginRequestValues,
): OriginRequest {
  const of = <Name extends keyof typeof originRequestKeys>(name: Name) =>
    (rule[name] ?? file[name] ?? defaultOf<unknown>(originRequestKeys[name])) as NonNullable<
      OriginRequestValues[Name]
    >
  return {
    connectTimeoutMs: of('connectTimeout'),
    tcpKeepAliveMs: of('tcpKeepAlive'),
    noHappyEyeballs: of('noHappyEyeballs'),
    bastionMode: of('bastionMode'),
    proxyType: of('proxyType'),
    ipRules: of('ipRules'),
  }
}
