import type { z } from 'zod'
import { auditCheckpoint, auditPage } from '../../../src/console/wire/audit.ts'
import { blocksAnswer } from '../../../src/console/wire/blocks.ts'
import {
  connectorsAnswer,
  namedTunnelsAnswer,
  publishersAnswer,
} from '../../../src/console/wire/connectors.ts'
import {
  signingKeyRotated,
  signingKeysAnswer,
  signingPurpose,
  tokenKeysAnswer,
} from '../../../src/console/wire/keys.ts'
import { me } from '../../../src/console/wire/me.ts'
import { overviewAnswer } from '../../../src/console/wire/overview.ts'
import { samplesAnswer } from '../../../src/console/wire/samples.ts'
import { serviceAccountsAnswer } from '../../../src/console/wire/service-accounts.ts'
import { sessionsAnswer } from '../../../src/console/wire/sessions.ts'
import { tunnelsAnswer } from '../../../src/console/wire/tunnels.ts'
import type { Answer } from './fake-gateway.ts'

// What a busy gateway answers. Each is held against the schema that the real one has: a fake that says
// something else would prove nothing.

const startMs = Date.parse('2026-11-29T04:00:00Z')
const minuteMs = 60_000

function ago(minutes: number): string {
  return new Date(startMs - minutes * minuteMs).toISOString()
}

/** Answers one thing. */
export function says(schema: z.ZodType, value: unknown): Answer {
  schema.parse(value)
  return () => Response.json(value)
}

/** Answers a list page by page, as many at a time as it is asked for. */
export function pages(schema: z.ZodType, items: readonly unknown[], more = {}): Answer {
  const pageAt = (from: number, limit: number): object => ({
    items: items.slice(from, from + limit),
    next_cursor: from + limit < items.length ? String(from + limit) : null,
    ...more,
  })
  schema.parse(pageAt(0, 3))
  return (url) => {
    const { limit, cursor } = Object.fromEntries(url.searchParams)
    return Response.json(pageAt(Number(cursor ?? 0), Number(limit ?? 100)))
  }
}

export function whoIs(
  role: 'admin' | 'auditor',
  namespaces: readonly string[] | null = null,
): Answer {
  const person = { kind: 'person', user: 'u-ada', name: 'Ada Lovelace', email: 'ada@example.com' }
  return says(me, { ...person, role, namespaces })
}

const people = 50

// POSTERN_LONG_TESTS=1 asks for what takes minutes.
const isLong = process.env['POSTERN_LONG_TESTS'] === '1'
/** As many as are promised, or so many that a document would be slow with all of them. */
const sessionCount = isLong ? 10_000 : 2_000
/** Of a day, or of a third of one. */
const measuredSteps = isLong ? 288 : 96

export const sessions = Array.from({ length: sessionCount }, (_, index) => ({
  id: `s${index}`,
  user: `u${index}`,
  email: `person.${index}@example.com`,
  name: index % 3 === 0 ? null : `Person Number ${index}`,
  provider: index % 5 === 0 ? 'partner' : 'default',
  groups: ['engineering'],
  issued_at: ago(index),
  expires_at: ago(-840),
  last_used_at: ago(index / 2),
  device: index % 7 === 0 ? 'build machine in the cellar' : null,
  kind: index % 7 === 0 ? 'device' : index % 2 === 0 ? 'browser' : 'command-line',
  ip: `192.0.2.${index % 250}`,
  tunnels: index % 5,
}))

export const tunnels = Array.from({ length: 2_000 }, (_, index) => {
  const isProgram = index % 11 === 0
  return {
    id: `q${index}`,
    route: ['orders-db', 'build', 'a-rather-long-name-of-a-route'][index % 3],
    route_id: `r${index % 3}`,
    namespace: null,
    target: `service-${index % 3}.internal.example.com:${5432 + (index % 3)}`,
    user: isProgram ? null : `u${index % people}`,
    email: isProgram ? null : `person.${index % people}@example.com`,
    session_id: isProgram ? null : `s${index % people}`,
    service_account_id: isProgram ? 'nightly-backup' : null,
    ip: `192.0.2.${index % 250}`,
    connector: index % 4 === 0 ? { id: 'c0', tunnel: 'lab' } : null,
    upstream: index % 4 === 0 ? null : `10.0.0.${index % 3}:${5432 + (index % 3)}`,
    opened_at: ago(index),
    bytes_up: index * 1_000,
    bytes_down: index * 1_000_000,
  }
})

const serviceAccounts = [
  { id: 'nightly-backup', description: 'The nightly backup of the orders', expires_at: null },
  { id: 'ci', description: '', expires_at: ago(-30_000) },
].map((account) => ({
  ...account,
  state: 'active',
  format: 'jwt',
  created_at: ago(90_000),
  rotated_at: ago(9_000),
  old_credential_until: account.id === 'ci' ? ago(-600) : null,
  last_used_on: '2026-11-28',
  tunnels: 2,
}))

const connectors = ['lab', 'a-rather-long-name-of-a-named-tunnel'].map((tunnel, index) => ({
  id: `c${index}`,
  tunnel,
  tunnel_id: `t${index}`,
  dialect: index === 0 ? 'postern' : 'cloudflared',
  version: '0.1.0',
  arch: 'linux_amd64',
  hostnames: ['db.site.com', 'x.site.com', 'y.site.com', 'z.site.com'],
  services: index === 0 ? [{ hostname: 'db.site.com', service: 'tcp://localhost:5432' }] : null,
  connections: [0, 1].map((at) => ({
    id: `k${at}`,
    index: at,
    ip: `10.0.0.${at}`,
    since: ago(70),
    streams: 3,
    ready: at === 0,
  })),
}))

const namedTunnels = [0, 1].map((index) => ({
  id: `t${index}`,
  name: `tunnel-${index}`,
  site: 'site.com',
  created_by: 'ada@example.com',
  created_at: ago(9_000),
  hostnames: [],
  connectors: index,
}))

const publisher = {
  id: 'p1',
  site: 'site.com',
  user: 'bob@example.com',
  user_id: 'u-bob',
  host: 'bobs-laptop',
  state: 'active',
  issued_at: ago(100),
  expires_at: ago(-9_000),
}

export const block = {
  who: 'mallory@example.com',
  user_ids: ['u7'],
  emails: ['mallory@example.com'],
  reason: 'laptop stolen on the train',
  blocked_by: 'ada@example.com',
  blocked_at: ago(90),
  by_scim: false,
}

/** Somebody whom the directory has deactivated. */
export const deactivated = {
  who: 'oscar@example.com',
  user_ids: ['u8'],
  emails: ['oscar@example.com', 'person.8@example.com'],
  reason: 'deactivated by SCIM',
  blocked_by: 'SCIM',
  blocked_at: ago(200),
  by_scim: true,
}

const records = Array.from({ length: 3_000 }, (_, index) => {
  const [kind, event, outcome] = [
    ['admin', 'route updated', null],
    ['decision', 'decided', 'refused'],
    ['sign-in', 'sign-in failed', 'failed'],
  ][index % 3] ?? ['', '', null]
  return {
    series: 'people',
    seq: 3_000 - index,
    time: ago(index),
    kind,
    event,
    who: index % 3 === 2 ? null : 'ada@example.com',
    ip: '192.0.2.7',
    route: index % 3 === 2 ? null : 'orders-db',
    route_id: null,
    request_id: `req-${index}`,
    outcome,
    record: { prev: 'ab12'.repeat(16), 'by-email': 'ada@example.com', before: { name: 'orders' } },
  }
})

const activity = {
  tunnels_opened: 40,
  bytes_up: 5_000_000,
  bytes_down: 70_000_000,
  decisions: { allow: 90, deny: 12, sign_in: 4, client_certificate: 1 },
  sign_ins: { ok: 20, failed: 3 },
}

const overview = {
  at: ago(0),
  version: '0.1.0',
  started_at: ago(4_000),
  now: { tunnels: 2_000, sessions: 10_000, connectors: 2, named_tunnels: 2, routes: 1_000 },
  last_hour: activity,
  last_day: activity,
  busiest_routes: [],
  audit_forward: [
    {
      name: 'siem',
      state: 'failing',
      problem: 'the certificate of "siem.example.com" has expired',
      lag_records: 1_200,
      lag_seconds: 4_000,
      dropped: 3,
    },
  ],
  configuration_problems: [
    '/etc/postern/postern.yaml:27:9: routes[3].policy[0].allow.and[0]: "hass" is no operator; did you mean "has"?',
  ],
  certificates: [
    {
      name: 'a-rather-long-name-of-a-route.internal.example.com',
      state: 'late',
      valid_until: ago(-20_000),
      problem: 'by tls-alpn-01: the certificate authority refuses: Connection refused',
      next_try: ago(-60),
    },
  ],
}

const samples = {
  since: ago(measuredSteps * 5),
  until: ago(0),
  step: '5m',
  points: Array.from({ length: measuredSteps }, (_, index) => ({
    ...activity,
    at: ago((measuredSteps - index) * 5),
    measured: index % 90 > 5,
    bytes_up: (index % 13) * 1_000_000,
    tunnels_open: 100 + (index % 37),
    sessions: 10,
    connectors: 2,
  })),
  busiest_routes: ['orders-db', 'a-rather-long-name-of-a-route.internal.example.com'].map(
    (name, index) => ({
      route_id: `r${index}`,
      name,
      tunnels_open: 3,
      tunnels_opened: 1_233,
      bytes_up: 9_000_000 / (index + 1),
      bytes_down: 700,
      decisions: activity.decisions,
    }),
  ),
}

const checkpoint = {
  note: `gate.example.com/audit\n3000\n${'q5YLTTkQ'.repeat(5)}\n\n— gate.example.com ${'Az3grlgt'.repeat(12)}\n`,
  time: ago(3),
  series: [{ name: 'people', records: 3_000, hash: 'ab12'.repeat(16) }],
  keys: ['gate.example.com+1234abcd+AaBbCcDdEeFf0011'],
}

const signingKeys = [true, false].map((current, index) => ({
  id: `${index}q5YLTTkQAz3grlgtB3nLR0kEoQVr9zWq7QXy5l_n0I`,
  created_at: ago(900_000 * (index + 1)),
  current,
  connectors: 2,
}))

const tokenKey = {
  id: 'k3WLTTkQ',
  from: 'shared_secret',
  created_at: ago(9_000),
  current: true,
  sessions: 10_000,
} as const

/** `hello` and then nothing, for as long as the page listens. */
const silence: Answer = () =>
  new Response(
    new ReadableStream({
      start: (controller) =>
        controller.enqueue(new TextEncoder().encode(`event: hello\ndata: {"at":"${ago(0)}"}\n\n`)),
    }),
    { headers: { 'content-type': 'text/event-stream' } },
  )

/** What a gateway answers on which there is much of everything. */
export const many: Readonly<Record<string, Answer>> = {
  '/me': whoIs('admin'),
  '/events': silence,
  '/overview': says(overviewAnswer, overview),
  '/samples': says(samplesAnswer, samples),
  '/tunnels': pages(tunnelsAnswer, tunnels, { total: tunnels.length }),
  '/sessions': pages(sessionsAnswer, sessions, { total: sessions.length }),
  '/blocks': says(blocksAnswer, { items: [block] }),
  '/service-accounts': pages(serviceAccountsAnswer, serviceAccounts, { total: 2 }),
  '/connectors': pages(connectorsAnswer, connectors, { total: 2 }),
  '/named-tunnels': pages(namedTunnelsAnswer, namedTunnels, { total: 2 }),
  '/publishers': pages(publishersAnswer, [publisher], { total: 1 }),
  '/audit': pages(auditPage, records, { is_complete: true }),
  '/audit/checkpoint': says(auditCheckpoint, checkpoint),
  ...Object.fromEntries(
    signingPurpose.options.map((purpose) => [
      `/signing-keys/${purpose}`,
      says(signingKeysAnswer, { items: signingKeys }),
    ]),
  ),
  '/signing-keys/audit/rotation': says(signingKeyRotated, {
    key: 'new',
    connectors: 0,
    untrusting: [],
  }),
  '/token-keys': says(tokenKeysAnswer, { items: [tokenKey] }),
  '/requests': () => Response.json({ items: [{}, {}], next_cursor: null }),
  '/routes': () => Response.json({ items: [{ problems: [{}] }], next_cursor: null, total: 1 }),
  '/policies': () => Response.json({ items: [], next_cursor: null, total: 0 }),
}
