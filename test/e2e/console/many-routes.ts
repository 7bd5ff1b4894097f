import type { z } from 'zod'
import {
  bulkAnswer,
  bulkRequest,
  checkAnswer,
  historyAnswer,
  importAnswer,
} from '../../../src/console/wire/documents.ts'
import { policiesAnswer, policyAnswer } from '../../../src/console/wire/policies.ts'
import {
  checkTextAnswer,
  convertAnswer,
  policyLanguageAnswer,
} from '../../../src/console/wire/policy-language.ts'
import { reachAnswer } from '../../../src/console/wire/reach.ts'
import { requestsAnswer } from '../../../src/console/wire/requests.ts'
import { routeAnswer, routesAnswer } from '../../../src/console/wire/routes.ts'
import { tryAnswer, whoCanAnswer } from '../../../src/console/wire/try-access.ts'
import type { Answer } from './fake-gateway.ts'
import { pages, says } from './many.ts'

// What a gateway with a thousand routes answers about them, each held against the schema of the real answer.

const startMs = Date.parse('2026-11-29T04:00:00Z')
const minuteMs = 60_000

function ago(minutes: number): string {
  return new Date(startMs - minutes * minuteMs).toISOString()
}

const inStore = {
  source: { kind: 'store' },
  in_use: true,
  disabled: false,
  problems: [],
  warnings: [],
  revision: 7,
  tags: ['prod', 'eu'],
  namespace: null,
  updated_at: ago(90),
  updated_by: 'ada@example.com',
}
const inFile = {
  ...inStore,
  source: { kind: 'file', place: 'postern.yaml:12' },
  revision: null,
  tags: [],
  updated_at: null,
  updated_by: null,
}
const taken = {
  path: 'from',
  message: '"build.example.com:22" is the file\'s already, at postern.yaml:12',
  hint: 'remove one of the two',
}

type Row = z.output<typeof routesAnswer>['items'][number]

export const routeRows = Array.from({ length: 1_000 }, (_, index) => {
  const kept = index < 3 ? inFile : inStore
  return {
    ...kept,
    ...(index % 17 === 7 && { disabled: true, in_use: false }),
    ...(index % 11 === 4 && { problems: [taken], in_use: false }),
    id: `service-${index}`,
    name: `service-${index}`,
    description: index % 3 === 0 ? 'Orders of the last ten years' : '',
    from: `tcp+https://service-${index}.a-rather-long-domain.internal.example.com:${1000 + index}`,
    to: index % 5 === 0 ? ['tcp://10.0.0.5:5432,3', 'tcp://10.0.0.6:5432,1'] : ['connector://lab'],
    application: false,
    listed: false,
    policy_names: index % 4 === 0 ? ['engineers', 'on-call'] : [],
    tunnels: index % 7,
  } as unknown as Row
})

export const definition = {
  from: 'tcp+https://service-5.example.com:5432',
  to: ['tcp://10.0.0.5:5432,3', 'tcp://10.0.0.6:5432,1'],
  name: 'service-5',
  description: 'Orders of the last ten years',
  policy_names: ['engineers', 'on-call'],
  idle_timeout: '30m',
  max_tunnels: 20,
  contact: 'dba@example.com',
  listed: true,
  tls_custom_ca_file: '/etc/ca.pem',
  policies: [
    {
      name: 'engineers',
      action: 'allow',
      include: [{ email: 'user@companydomain.com' }, { email_domain: 'example.com' }],
      require: [{ ip: '10.0.0.0/8' }],
    },
    { name: 'nightly build', action: 'service_auth', include: [{ service_token: 'ci' }] },
  ],
}

const policy = {
  ...inStore,
  id: 'on-call',
  form: 'policy',
  explanation: 'the production databases are for whoever is on call',
  remediation: 'take over the shift at https://shifts.example.com',
  used_by: ['service-5', 'service-6'],
}
const policyDefinition = {
  name: 'on-call',
  explanation: policy.explanation,
  remediation: policy.remediation,
  policy: [
    { allow: { or: [{ groups: { has: 'on-call' } }] } },
    { deny: { or: [{ email: { is: 'mallory@example.com' } }] } },
  ],
}

const word = (name: string) => ({ name, doc: `what ${name} says` })
const about = (name: string, actions: readonly string[], flag = false) => ({
  ...word(name),
  form: flag ? '`true`' : 'a name',
  actions: [...actions],
  flag,
})
const everywhere = ['allow', 'block', 'bypass', 'service_auth']

const language = {
  sides: ['allow', 'deny'].map(word),
  operators: ['and', 'or', 'not', 'nor'].map(word),
  criteria: [
    { ...word('email'), data: 'string matcher', matcher: 'string', keys: [], example: 'a@b.c' },
    { ...word('groups'), data: 'list matcher', matcher: 'string-list', keys: [], example: 'dba' },
  ],
  matchers: { string: ['is', 'not'].map(word), 'string-list': ['has', 'is'].map(word) },
  actions: everywhere.map(word),
  parts: ['include', 'require', 'exclude'].map(word),
  selectors: [
    about('email', ['allow', 'block']),
    about('email_domain', ['allow', 'block']),
    about('ip', everywhere),
    about('everyone', everywhere, true),
    about('service_token', ['service_auth']),
  ],
}

const person = { kind: 'person', route_id: 'service-5', route: 'service-5' }
export const reach = {
  routes: [{ id: 'service-5', name: 'service-5', change: 'changed' }],
  tunnels: {
    cut: 700,
    open: 2_000,
    items: Array.from({ length: 200 }, (_, index) => ({
      id: `t${index}`,
      route: 'service-5',
      target: 'service-5.a-rather-long-domain.internal.example.com:5432',
      who: `person.${index}@example.com`,
      ip: '192.0.2.7',
      opened_at: ago(index),
      ended: 'policy-changed',
    })),
  },
  gained: { total: 1, items: [{ ...person, who: 'ada@example.com', last_used: null }] },
  lost: { total: 1, items: [{ ...person, who: 'bob@example.com', last_used: ago(900) }] },
  opened_to_everybody: ['service-6'],
  judged_on: { people: 120, decisions: 4_711, days: 7 },
  assumed: ['each of them shows a valid client certificate'],
  warnings: [],
}

const criterion = {
  criterion: 'email',
  asks: 'somebody.with.a.long.name@a-rather-long-domain.example.com',
  found: 'the email address is "bob@example.com"',
  value: false,
  reason: 'email-unauthorized',
  sentence: 'their email address is not among those this route names',
  needed: 'the email address "somebody.with.a.long.name@a-rather-long-domain.example.com"',
}
const domain = { ...criterion, criterion: 'email_domain', value: true, needed: null }
const rule = {
  side: 'allow',
  path: 'policies[0]',
  name: 'engineers',
  action: 'allow',
  state: 'fails',
  operators: [
    { operator: 'or', part: 'include', value: false, criteria: [criterion, domain] },
    { operator: 'and', part: 'require', value: false, criteria: [criterion] },
  ],
}
const attempt = {
  outcome: 'deny',
  reasons: ['email-unauthorized'],
  route: { id: 'service-5', name: 'service-5', from: definition.from },
  who: {
    kind: 'person',
    user_id: 'u-bob',
    email: 'bob@example.com',
    email_verified: true,
    provider: 'default',
    groups: ['engineering', 'dba'],
  },
  at: ago(0),
  ip: '192.0.2.7',
  blocked: false,
  valid_until: ago(-60),
  assumed: ['no client certificate is shown'],
  trace: {
    allow: {
      value: false,
      reasons: ['email-unauthorized'],
      rules: [rule, { ...rule, action: 'service_auth', state: 'not-asked', operators: [] }],
    },
    deny: { value: false, reasons: [], rules: [] },
  },
}

const known = {
  kind: 'person',
  user_id: 'u-bob',
  name: 'Bob Brown',
  known_by: 'session',
  outcome: 'allow',
  reasons: ['email-ok'],
}

const kept = { definition, disabled: false, tags: ['prod'] }
const change = {
  revision: 7,
  change: 'updated',
  at: ago(90),
  by: 'ada@example.com',
  note: 'more time for the import',
  before: kept,
  after: { ...kept, definition: { ...definition, idle_timeout: '1h' } },
}

const asked = {
  id: 'r0',
  route_id: 'service-5',
  route_name: 'service-5',
  user_id: 'u-bob',
  email: 'bob@example.com',
  reason: 'Ticket 4711: the nightly import hangs, and I need to look at its locks',
  for_seconds: 3_600,
  state: 'pending',
  asked_at: ago(5),
  expires_at: ago(-1_000),
  break_glass: false,
  mine: false,
  may_decide: true,
  may_end: true,
}
const given = {
  ...asked,
  id: 'r1',
  state: 'approved',
  may_decide: false,
  decided_by: 'ada@example.com',
  decided_at: ago(3),
  until: ago(-60),
}
const broken = { ...given, id: 'r2', break_glass: true, decided_by: 'bob@example.com' }
const past = Array.from({ length: 300 }, (_, index) => ({
  ...given,
  id: `p${index}`,
  state: ['denied', 'ended', 'expired', 'cancelled'][index % 4],
  break_glass: index % 9 === 0,
  may_end: false,
  note: 'use the replica',
}))

/** Of the requests, those of a state. */
const requests: Answer = (url, request) => {
  const state = url.searchParams.get('state')
  const items = [asked, given, broken, ...past].filter((one) => !state || one.state === state)
  return pages(requestsAnswer, items)(url, request)
}

const bulk: Answer = async (_url, request) => {
  const { documents } = bulkRequest.parse(await request.json())
  return Response.json(bulkAnswer.parse({ changed: documents.map(({ id }) => id) }))
}

const nothingWrong = says(checkAnswer, { id: 'service-5', problems: [], warnings: [] })

export const manyRoutes: Readonly<Record<string, Answer>> = {
  '/routes': pages(routesAnswer, routeRows, { total: routeRows.length }),
  '/routes/service-5': says(routeAnswer, { ...routeRows[5], definition, hidden: [] }),
  '/routes/service-1': says(routeAnswer, {
    ...routeRows[1],
    definition,
    hidden: ['tls_client_key'],
  }),
  '/routes/check': nothingWrong,
  '/routes/bulk': bulk,
  '/routes/service-5/history': says(historyAnswer, {
    items: [change, { ...change, revision: 3, change: 'created', note: '', before: null }],
    next_cursor: null,
  }),
  '/policies': says(policiesAnswer, {
    items: [policy, { ...policy, ...inFile, id: 'engineers', form: 'policies', used_by: [] }],
    next_cursor: null,
    total: 2,
  }),
  '/policies/on-call': says(policyAnswer, { ...policy, definition: policyDefinition }),
  '/policies/check': nothingWrong,
  '/policies/convert': says(convertAnswer, {
    text: null,
    problems: [
      { line: 5, column: 3, end_line: 5, end_column: 9, message: 'a "deny" has no equal in rules' },
    ],
  }),
  '/policies/check-text': says(checkTextAnswer, { problems: [] }),
  '/policy-language': says(policyLanguageAnswer, language),
  '/reach': says(reachAnswer, reach),
  '/try': says(tryAnswer, attempt),
  '/who-can/service-5': pages(
    whoCanAnswer,
    Array.from({ length: 40 }, (_, index) => ({ ...known, who: `person.${index}@example.com` })),
    { route: attempt.route, total: 120, everybody: false, assumed: ['a valid certificate'] },
  ),
  '/requests': requests,
  '/import': says(importAnswer, {
    changes: [
      {
        kind: 'route',
        id: 'service-5',
        change: 'updated',
        diff: '--- a\n+++ b\n@@ -1 +1 @@\n-to: tcp://a:1\n+to: tcp://a:2\n',
      },
    ],
    unchanged: 3,
    applied: false,
    based_on: 5,
    warnings: [],
  }),
}
