import { z } from 'zod'
import { proxyVersions } from '../net/proxy-protocol.ts'
import { keepingKeys } from '../keeping-keys.ts'
import { mustBe, show, textOf } from '../schema.ts'
import type { Fault } from '../schema.ts'
import { countKey, key, textKey, type Key, type ValuesOf } from '../setting-key.ts'
import * as values from '../setting-values.ts'
import { parseFrom } from './from.ts'
import { namespaceName } from '../namespace-name.ts'
import { policyName } from '../policy/named/named-policy-keys.ts'
import { approvalKeys } from './approval.ts'
import { nextGatewayKeys } from './next-gateway-keys.ts'
import { toldProtocols } from '../tell/protocols.ts'
import { parseTo, toForm } from './to.ts'

/**
 * Longest `id`, in characters.
 *
 * @limit the `id` of a route: the configuration does not load
 */
const maxIdChars = 64

/** What ids that are made of a `from` look like: no written one does, so that the two never meet. */
const madeId = /^[0-9a-f]{16}$/i

/** A name for programs, fit for a URL, a file name and a log line. */
const id = textOf('an id such as db-reports', (value): string | Fault | undefined => {
  if (value.length > maxIdChars) {
    return { fault: `must be at most ${maxIdChars} characters, not ${value.length}` }
  }
  if (madeId.test(value)) {
    return {
      fault: `${show(value)} looks like an id that is made from "from"`,
      hint: 'leave it out, or write one that is not 16 hexadecimal digits',
    }
  }
  return /^[A-Za-z\d][\w.-]*$/.test(value) ? value : undefined
})

/**
 * Longest `contact`, in characters.
 *
 * @limit the `contact` of a route: the configuration does not load
 */
const maxContactChars = 200

/** Whom to ask. */
const contact = values.lineOf(maxContactChars)

/** A claim's values: one, or a list of them. */
const claimValues = z.preprocess(
  (value) => (Array.isArray(value) || value === null ? value : [value]),
  z.array(
    z.union([z.string(), z.number(), z.boolean()], {
      error: ({ input }) => mustBe('text, a number, true or false', input),
    }),
  ),
)

const oneOrMany = <T>(schema: z.ZodType<T>) =>
  z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(schema).min(1))

/** Every key of a route; names and meanings are Pomerium's. */
export const routeKeys = {
  from: textKey(
    textOf('tcp+https://HOST:PORT', (text) => {
      const from = parseFrom(text)
      return 'fault' in from ? from : { ...from, text }
    }),
    '`tcp+https://HOST:PORT`',
    {
      variable: 'none',
      without: 'required',
      doc: 'What clients ask for: matched against the host and port of their `CONNECT`, never against the port they reach the gateway on. `*` in the host stands for one or more characters, dots too; without a port every port matches; `tcp+https://GATEWAY/HOST:PORT` names the gateway too.',
    },
  ),
  to: key({
    schema: oneOrMany(textOf(toForm, parseTo)),
    type: '`tcp://HOST:PORT`, `connector://NAME` or `https://GATEWAY`, or a list of them',
    without: 'required',
    variable: 'none',
    doc: 'Where the route leads. Of several one is chosen for each tunnel, by weight where each has one (`tcp://HOST:PORT,WEIGHT`); one that refuses is skipped for the next. `https://GATEWAY` or `https://GATEWAY:PORT` sends the `CONNECT` on, for the same host and port, to another gateway or HTTP proxy; nothing that tells who the client is goes along. `http://` only on a loopback host. `connector://NAME` reaches the service through a connector of that named tunnel, by its name or id, and what the connector serves under the host name that is asked for; `connector://NAME/HOST:PORT` has it dial that, where its own list allows it; `connector://NAME/bastion` has it dial what each client names (`postern access tcp --destination`), where that list allows it; `connector://` is whichever tunnel has registered that host name.',
  }),
  allow_metadata_address: key({
    schema: values.flag,
    type: 'true or false',
    default: false,
    variable: 'none',
    doc: 'Lets the route lead to the metadata service of a cloud, such as 169.254.169.254, which hands the credentials of this machine to whoever asks from it. Without it such an address is refused in `to`, and whenever a name there leads to one.',
  }),
  upstream_proxy_protocol: key({
    schema: z.enum(proxyVersions),
    type: '`v1` or `v2`',
    without: 'no header',
    variable: 'none',
    doc: "Begins every connection to the upstream with a PROXY protocol header of this version, which tells it the client's address. The upstream must expect it.",
  }),
  ...nextGatewayKeys,
  id: textKey(id, 'text of at most 64 characters', {
    variable: 'none',
    without: 'made from `from`: 16 hexadecimal digits',
    doc: 'Names the route in logs and to programs, whatever becomes of its `from`: letters, digits, `.`, `_` and `-`, the first a letter or digit. No other route has it; 16 hexadecimal digits are kept for ids that are made.',
  }),
  namespace: textKey(namespaceName, 'text of at most 64 characters', {
    variable: 'none',
    without: 'none',
    doc: 'Which of `namespaces` the route is in: its administrators may see and change it, and cut its tunnels.',
  }),
  name: textKey(values.text, 'text', {
    variable: 'none',
    without: 'made from `from`',
    doc: 'Name in the portal and the logs.',
  }),
  description: textKey(z.string(), 'text', {
    variable: 'none',
    default: '',
    doc: 'One line for the portal.',
  }),
  application: key({
    schema: values.flag,
    type: 'true or false',
    default: false,
    variable: 'none',
    doc: 'Makes of the route what an entry of `access` is: a WebSocket upgrade on any path of its host is a tunnel to it, for clients such as `cloudflared access`, and every other request there is told how to connect. Its `from` has port 443.',
  }),
  listed: key({
    schema: values.flag,
    type: 'true or false',
    default: false,
    variable: 'none',
    doc: 'Whether people who may not use the route see it in the portal and in `postern routes list`, with the reason and `contact`.',
  }),
  contact: textKey(contact, 'text of at most 200 characters', {
    variable: 'none',
    default: '',
    doc: 'Whom to ask for access: an email address, a URL or a sentence. Shown to whoever sees the route listed but may not use it.',
  }),
  policy: key({
    schema: z.unknown(),
    type: 'policy',
    without: 'no rule',
    variable: 'none',
    doc: 'Who may use the route, in the Pomerium Policy Language. Without a rule here or a setting below, nobody.',
  }),
  policies: key({
    schema: z.unknown(),
    type: 'list of policies',
    without: 'no policy',
    variable: 'none',
    doc: 'Who may use the route, in the words of Cloudflare Access, instead of `policy`: see [access](access.md).',
  }),
  policy_names: key({
    schema: z.array(policyName),
    type: 'list of names',
    without: 'none',
    variable: 'none',
    doc: 'Named policies that decide about the route besides its own: it lets in whom one of them lets in and none keeps out.',
  }),
  ...approvalKeys,
  allow_public_unauthenticated_access: key({
    schema: values.flag,
    type: 'true or false',
    default: false,
    variable: 'none',
    doc: 'Everybody, without signing in.',
  }),
  allow_any_authenticated_user: key({
    schema: values.flag,
    type: 'true or false',
    default: false,
    variable: 'none',
    doc: 'Everybody who is signed in.',
  }),
  allowed_users: key({
    schema: z.array(values.text),
    type: 'list of text',
    without: 'none',
    variable: 'none',
    doc: 'People by email address or by the id the provider gives them.',
  }),
  allowed_domains: key({
    schema: z.array(values.text),
    type: 'list of text',
    without: 'none',
    variable: 'none',
    doc: 'People by the domain of their email address.',
  }),
  allowed_idp_claims: key({
    schema: z.record(z.string(), claimValues),
    type: 'mapping of claims to values',
    without: 'none',
    variable: 'none',
    doc: 'People by a claim of the provider that has one of these values.',
  }),
  timeout: key({
    schema: values.duration,
    type: 'duration',
    default: '0',
    variable: 'none',
    doc: 'Longest life of a tunnel; `0` for no limit.',
    beyond: 'the tunnel is cut, `timeout` in the access log',
  }),
  idle_timeout: key({
    schema: values.duration,
    type: 'duration',
    default: '0',
    variable: 'none',
    doc: 'A tunnel without a byte either way for this long ends; `0` for never.',
    beyond: 'the tunnel is cut, `idle-timeout` in the access log',
  }),
  stall_timeout: key({
    schema: values.duration,
    type: 'duration',
    default: '1h',
    variable: 'none',
    doc: 'A tunnel whose service has stopped reading while bytes wait for it, with none either way for this long, ends; `0` for never. A client that was killed meanwhile cannot be told from one that waits. Raise it for services that make a client wait for longer, such as a database that holds an import behind a lock.',
    beyond: 'the tunnel is cut, `stall-timeout` in the access log',
  }),
  tell: key({
    schema: z.enum(toldProtocols),
    type: '`postgres`, `mysql` or `redis`',
    without: 'a tunnel that is cut is reset',
    variable: 'none',
    doc: 'Has the tool of a person told why its tunnel is cut, by an error in its own protocol, where one may stand there: see [PostgreSQL](services/postgres.md#when-a-tunnel-is-cut), [MySQL](services/mysql.md#when-a-tunnel-is-cut) and [Redis](services/redis.md#when-a-tunnel-is-cut). Sessions with TLS inside are reset, as every tunnel is without it. The gateway follows the messages of every tunnel of the route for it, from its first byte.',
  }),
  max_tunnels: {
    ...countKey(
      '0',
      "Most tunnels that are open at once, everybody's together; `0` for any number. A lower one closes none that is open.",
      '503 `too_many_tunnels`',
    ),
    variable: 'none',
  },
  ...keepingKeys,
} as const satisfies Record<string, Key<unknown>>

/** What a route says that is right; defaults are not in it. */
export type RouteValues = ValuesOf<typeof routeKeys>
export type RouteKey = keyof typeof routeKeys

export const routeKeyNames = Object.keys(routeKeys) as readonly RouteKey[]
