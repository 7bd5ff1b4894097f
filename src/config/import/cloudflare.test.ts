import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { factsWith, policyOf } from '../../policy/language/policy.suite.ts'
import { parseApplicationPolicy } from '../../policy/cloudflare/parse.ts'
import { parseApplication } from '../../routes/parse-application.ts'
import { importCloudflare, type ImportedAccess } from './cloudflare.ts'

const rules = { clientCertificates: 'none' } as const
const everyone = [{ everyone: {} }]

/** What the API answers of an application, in part. */
function app(policies: readonly unknown[], more: object = {}): Record<string, unknown> {
  return {
    id: 'a1',
    aud: 'ff',
    type: 'self_hosted',
    name: 'Database',
    domain: 'db.site.com',
    allowed_idps: [],
    http_only_cookie_attribute: true,
    policies,
    ...more,
  }
}

const told = ({ leftOver }: ImportedAccess): readonly string[] =>
  leftOver.map(({ policy = '-', path = '-', message }) => `${policy} ${path}: ${message}`)

/** The first application that was made. */
function first(document: unknown): Readonly<Record<string, unknown>> {
  return importCloudflare(document).applications[0] ?? assert.fail()
}

describe('what Cloudflare has of applications', () => {
  test('becomes entries that load, policies in their order and in our words', () => {
    const document = {
      success: true,
      result: [
        app([
          {
            id: 'p2',
            name: 'rest',
            decision: 'deny',
            precedence: 2,
            include: everyone,
            require: [],
          },
          {
            id: 'p1',
            name: 'engineers',
            decision: 'allow',
            precedence: 1,
            include: [{ email_domain: { domain: 'example.com' } }, { email: { email: 'u@x.org' } }],
            exclude: [{ ip: { ip: '10.0.0.0/8' } }],
            approval_required: false,
            session_duration: '',
            purpose_justification_required: false,
            purpose_justification_prompt: 'why?',
            approval_groups: [{ approvals_needed: 1 }],
          },
        ]),
      ],
    }
    const imported = importCloudflare(document)
    assert.deepEqual(imported.leftOver, [])
    assert.deepEqual(imported.applications, [
      {
        hostname: 'db.site.com',
        name: 'Database',
        policies: [
          {
            name: 'engineers',
            action: 'allow',
            include: [{ email_domain: 'example.com' }, { email: 'u@x.org' }],
            exclude: [{ ip: '10.0.0.0/8' }],
          },
          { name: 'rest', action: 'block', include: [{ everyone: true }] },
        ],
      },
    ])
    assert.ok(parseApplication(imported.applications[0], rules).checked)
  })

  test('without an equal here stays where it stands, is listed with its path, and does not load', () => {
    const policy = { name: 'p', decision: 'allow', include: everyone }
    const cases: readonly (readonly [object, string])[] = [
      [{ require: [{ geo: { country_code: 'DE' } }] }, 'policies[0].require[0].geo'],
      [
        { exclude: [{ device_posture: { integration_uid: 'x' } }] },
        'policies[0].exclude[0].device_posture',
      ],
      [{ session_duration: 'never' }, 'policies[0].session_duration'],
      [{ approval_required: true }, 'policies[0].approval_required'],
      [{ isolation_required: true }, 'policies[0].isolation_required'],
      [{ something_new: { a: 1 } }, 'policies[0].something_new'],
      [{ require: [{ something_new: {} }] }, 'policies[0].require[0].something_new'],
      [{ exclude: [{ group: { id: 'unknown' } }] }, 'policies[0].exclude[0].group'],
      [{ decision: 'sideways' }, 'policies[0].action'],
    ]
    for (const [more, path] of cases) {
      const document = [app([{ ...policy, ...more }])]
      const { leftOver } = importCloudflare(document)
      assert.deepEqual([leftOver[0]?.policy, leftOver[0]?.path], ['p', path])
      assert.equal(parseApplication(first(document), rules).checked, undefined, path)
    }
  })

  test('of an application itself is kept in the same way', () => {
    for (const [key, value] of Object.entries({
      session_duration: 'never',
      read_service_tokens_from_header: 'Authorization',
      allowed_idps: ['one'],
      mfa_config: { mfa_disabled: false },
      something_new: true,
    })) {
      const document = [app([{ decision: 'bypass', include: everyone }], { [key]: value })]
      assert.equal(importCloudflare(document).leftOver[0]?.path, key)
      assert.equal(parseApplication(first(document), rules).checked, undefined, key)
    }
    const path = [
      app([{ decision: 'bypass', include: everyone }], { domain: 'db.site.com/only/here' }),
    ]
    assert.match(told(importCloudflare(path)).join(), /^- hostname: must be a host name/)
  })

  test('has an entry for each host name, and says which one is there twice', () => {
    const policies = [{ decision: 'bypass', include: everyone }]
    const several = app(policies, {
      domain: 'a.site.com',
      self_hosted_domains: ['a.site.com', 'b.site.com'],
      destinations: [
        { type: 'public', uri: 'a.site.com' },
        { type: 'private', cidr: '10.0.0.0/8' },
      ],
    })
    const { applications, leftOver } = importCloudflare([
      several,
      app(policies, { domain: 'b.site.com' }),
    ])
    assert.deepEqual(
      applications.map(({ hostname }) => hostname),
      ['a.site.com', 'b.site.com', 'b.site.com'],
    )
    const messages = leftOver.map(({ message }) => message).join()
    assert.match(messages, /left out: \{"type":"private","cidr":"10\.0\.0\.0\/8"\}.*is there twice/)
  })

  test('that is no TCP service is left out, by name', () => {
    const { applications, leftOver } = importCloudflare([
      app([], { type: 'saas', name: 'Sales' }),
      app([], { domain: undefined }),
      'x',
    ])
    assert.deepEqual(applications, [])
    assert.deepEqual(
      leftOver.map(({ application, message }) => `${application} ${message}`),
      [
        'Sales is left out: an application of type "saas" is no TCP service',
        'Database is left out: it has no public host name',
        '? it is no application',
      ],
    )
  })

  test('finds reusable policies and groups of rules in the same file', () => {
    const document = {
      applications: { result: [app(['p1', { id: 'p2', precedence: 2 }, 'gone'])] },
      policies: [
        { id: 'p1', name: 'one', decision: 'allow', include: [{ group: { id: 'g1' } }] },
        {
          id: 'p2',
          name: 'two',
          decision: 'allow',
          include: everyone,
          require: [{ group: { id: 'g1' } }],
        },
      ],
      groups: [
        { id: 'g1', include: [{ email: { email: 'a@x.org' } }, { email: { email: 'b@x.org' } }] },
      ],
    }
    const [two, one, gone] = first(document)['policies'] as readonly Record<string, unknown>[]
    assert.deepEqual(one?.['include'], [{ email: 'a@x.org' }, { email: 'b@x.org' }])
    assert.deepEqual(two?.['require'], [{ group: { id: 'g1' } }])
    assert.deepEqual([gone?.['name'], gone?.['action']], ['gone', undefined])
    const { leftOver } = importCloudflare(document)
    assert.match(
      leftOver.map(({ policy, message }) => `${policy} ${message}`).join('\n'),
      /two nobody has it/,
    )
    assert.equal(parseApplication(first(document), rules).checked, undefined)
  })

  test('lets in nobody more by a group of rules that has more than alternatives', () => {
    const group = { id: 'g', include: everyone, require: [{ ip: { ip: '10.0.0.0/8' } }] }
    const policies = [{ name: 'p', decision: 'allow', include: [{ group: { id: 'g' } }] }]
    const entry = first({ applications: [app(policies)], groups: [group] })
    const { outcome } = policyOf(parseApplicationPolicy(entry['policies'], rules)).evaluate(
      factsWith(),
    )
    assert.equal(outcome, 'deny')
  })

  test('finds groups of rules within each other, and ends where they go round', () => {
    const groups = [
      { id: 'outer', include: [{ group: { id: 'inner' } }, { ip: { ip: '10.0.0.1' } }] },
      { id: 'inner', include: [{ email: { email: 'a@x.org' } }, { group: { id: 'outer' } }] },
    ]
    const policies = [{ name: 'p', decision: 'allow', include: [{ group: { id: 'outer' } }] }]
    const entry = first({ applications: [app(policies)], groups })
    const [policy] = entry['policies'] as readonly Record<string, unknown>[]
    assert.deepEqual(policy?.['include'], [
      { email: 'a@x.org' },
      { group: { id: 'outer' } },
      { ip: '10.0.0.1' },
    ])
  })

  test('as an account has it: what has an equal loads, and everything else is told', () => {
    const text = readFileSync(new URL('cloudflare-account.fixture.json', import.meta.url), 'utf8')
    const { applications, leftOver, shortestSession } = importCloudflare(JSON.parse(text))
    const loads = applications.filter((entry) => parseApplication(entry, rules).checked)
    assert.deepEqual(
      loads.map(({ hostname }) => hostname),
      ['pg.site.com', 'none.site.com'],
    )
    assert.equal(shortestSession, '30m')
    const gateway = (sessionMs: number) =>
      parseApplication(applications[0], { ...rules, sessionMs }).checked !== undefined
    assert.deepEqual([43_200_000, 43_200_001].map(gateway), [true, false])
    assert.deepEqual(
      leftOver.map(({ application, path = '-' }) => `${application} ${path}`),
      [
        'Wiki -',
        'App Launcher -',
        'Warp Login App -',
        'Infra -',
        'Priv -',
        'Priv -',
        'Priv -',
        'ssh.site.com allowed_idps',
        'ssh.site.com policies[0].require[0].auth_method',
        'vnc.site.com policies[0].purpose_justification_required',
        'vnc.site.com policies[0].purpose_justification_prompt',
        'vnc.site.com policies[0].approval_required',
        'vnc.site.com policies[0].approval_groups',
        'vnc.site.com policies[0].isolation_required',
        'mtls.site.com policies[0].include[0].common_name',
        'mtls.site.com policies[1].include[0].certificate',
        'mtls.site.com policies[2].include[0].service_token',
        'web.site.com/admin hostname',
        '*-dev.site.com hostname',
        're.site.com policies[0].include[0].geo',
      ],
    )
  })

  test('is refused where it is none of that', () => {
    for (const document of [
      7,
      null,
      'x',
      {},
      { result: { a: 1 } },
      { success: false, result: null },
    ])
      assert.throws(() => importCloudflare(document), TypeError)
  })
})
