import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseApplicationPolicy } from './parse.ts'

/** The faults of an application's policies, or else what is warned of, where a sign-in lasts for 14 hours. */
function said(document: unknown): readonly string[] {
  const sessionMs = 14 * 3_600_000
  const parsed = parseApplicationPolicy(document, { clientCertificates: 'none', sessionMs })
  const all = 'problems' in parsed ? parsed.problems : parsed.warnings
  return all.map(({ path, message, hint }) => {
    const line = `${path.slice(1).join('.')}: ${message}`
    return hint === undefined ? line : `${line} (${hint})`
  })
}

/** What is wrong with policies or odd about them, each with what to do; nothing where they are taken. */
const table: readonly (readonly [policies: unknown, ...said: readonly string[]])[] = [
  ['x', ': must be a list of policies, not a string'],
  [null, ': must be a list of policies, not nothing'],
  [['x'], '0: must be a policy with "action" and "include", not a string'],
  [
    [{}],
    '0.action: is required: must be "allow", "block", "bypass" or "service_auth"',
    '0.include: must have at least one selector (for everybody, write "include: [{everyone: true}]")',
  ],
  [
    [{ action: 'allow' }],
    '0.include: must have at least one selector (for everybody, write "include: [{everyone: true}]")',
  ],
  [
    [{ action: 'allow', include: [] }],
    '0.include: must have at least one selector (for everybody, write "include: [{everyone: true}]")',
  ],
  [
    [{ action: 'allow', include: null }],
    '0.include: must have at least one selector (for everybody, write "include: [{everyone: true}]")',
  ],
  [[{ action: 'allow', include: 'x' }], '0.include: must be a list of selectors, not a string'],
  [
    [{ action: 7, include: [{ everyone: true }] }],
    '0.action: must be "allow", "block", "bypass" or "service_auth", not 7',
  ],
  [
    [{ action: 'alow', include: [{ everyone: true }] }],
    '0.action: must be "allow", "block", "bypass" or "service_auth", not "alow"',
  ],
  [
    [{ action: 'constructor', include: [{ everyone: true }] }],
    '0.action: must be "allow", "block", "bypass" or "service_auth", not "constructor"',
  ],
  [
    [{ include: [{ everyone: true }] }],
    '0.action: is required: must be "allow", "block", "bypass" or "service_auth"',
  ],
  [
    [{ action: 'allow', include: [{ everyone: true }], name: 7 }],
    '0.name: must be text, not a number',
  ],
  [
    [{ action: 'allow', include: [{ everyone: true }], decision: 'allow' }],
    '0.decision: unknown key "decision" (write "action")',
  ],
  [
    [{ action: 'allow', include: [{ everyone: true }], incldue: [] }],
    '0.incldue: unknown key "incldue" (did you mean "include"?)',
  ],
  [
    [{ action: 'allow', include: [{ everyone: true }], session_duration: 'x' }],
    '0.session_duration: must be a duration such as 24h, not "x"',
  ],
  [
    [{ action: 'allow', include: [{ everyone: true }], session_duration: 24 }],
    '0.session_duration: must be a duration such as 24h, not 24 (add a unit, such as 24s or 24m)',
  ],
  [
    [{ action: 'allow', include: [{ everyone: true }], session_duration: '0s' }],
    '0.session_duration: is 0s, and a sign-in lasts 14h here (leave it out: there is no sign-in for one tunnel alone)',
  ],
  [
    [{ action: 'allow', include: [{ everyone: true }], session_duration: '1h' }],
    '0.session_duration: is 1h, and a sign-in lasts 14h here (set "cookie_expire" to 1h at most, or leave "session_duration" out)',
  ],
  [[{ action: 'allow', include: [{ everyone: true }], session_duration: '24h' }]],
  [
    [{ action: 'allow', include: [{ everyone: true }], session_duration: '500ms' }],
    '0.session_duration: is 500ms, and a sign-in lasts 14h here (leave it out: there is no sign-in for one tunnel alone)',
  ],
  [[{ action: 'block', include: [{ everyone: true }], session_duration: '1h' }]],
  [
    [{ action: 'allow', include: ['x'] }],
    '0.include.0: must be one selector, such as {email: user@example.com}, not a string',
  ],
  [
    [{ action: 'allow', include: [{}] }],
    '0.include.0: must be one selector, such as {email: user@example.com}, not none',
  ],
  [
    [{ action: 'allow', include: [{ email: 'a@x.example', ip: '::1' }] }],
    '0.include.0: must be one selector, such as {email: user@example.com}, not 2',
  ],
  [
    [{ action: 'allow', include: [{ emial: 'x' }] }],
    '0.include.0.emial: unknown selector "emial" (did you mean "email"?)',
  ],
  [
    [{ action: 'allow', include: [{ service_token: 'x' }] }],
    '0.include.0.service_token: selector "service_token" is for policies with action "service_auth" only',
  ],
  [
    [{ action: 'bypass', include: [{ email: 'a@x.example' }] }],
    '0.include.0.email: selector "email" is for policies with action "allow" or "block" only',
  ],
  [
    [{ action: 'service_auth', include: [{ group: 'x' }] }],
    '0.include.0.group: selector "group" is for policies with action "allow" or "block" only',
  ],
  [
    [{ action: 'allow', include: [{ email: 'x' }] }],
    '0.include.0.email: must be an email address, not "x"',
  ],
  [
    [{ action: 'allow', include: [{ email: 'a@x y' }] }],
    '0.include.0.email: must be an email address, not "a@x y"',
  ],
  [
    [{ action: 'allow', include: [{ email: 7 }] }],
    '0.include.0.email: must be an email address, not a number',
  ],
  [[{ action: 'allow', include: [{ email: { email: 'a@x.example' } }] }]],
  [
    [{ action: 'allow', include: [{ email: { emails: 'a@x.example' } }] }],
    '0.include.0.email: must be an email address, not an object',
  ],
  [
    [{ action: 'allow', include: [{ email: 'a@b@x' }] }],
    '0.include.0.email: must be an email address, not "a@b@x"',
  ],
  [
    [{ action: 'allow', include: [{ email: '@x' }] }],
    '0.include.0.email: must be an email address, not "@x"',
  ],
  [
    [
      {
        action: 'allow',
        include: [
          { email: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' },
        ],
      },
    ],
    '0.include.0.email: must be an email address, not "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',
  ],
  [[{ action: 'allow', include: [{ email_domain: '@x.example' }] }]],
  [[{ action: 'allow', include: [{ email_domain: { domain: 'x.example' } }] }]],
  [
    [{ action: 'allow', include: [{ email_domain: 'x y' }] }],
    '0.include.0.email_domain: must be a domain such as example.com, not "x y"',
  ],
  [
    [{ action: 'allow', include: [{ email_domain: 7 }] }],
    '0.include.0.email_domain: must be a domain such as example.com, not a number',
  ],
  [
    [{ action: 'allow', include: [{ email_domain: 'x@' }] }],
    '0.include.0.email_domain: must be a domain such as example.com, not "x@"',
  ],
  [
    [{ action: 'allow', include: [{ group: '' }] }],
    '0.include.0.group: must be the name of a group, not ""',
  ],
  [
    [{ action: 'allow', include: [{ group: 7 }] }],
    '0.include.0.group: must be the name of a group, not a number',
  ],
  [[{ action: 'allow', include: [{ group: { id: 'g-1' } }] }]],
  [
    [{ action: 'allow', include: [{ group: { id: 'g-1', x: 1 } }] }],
    '0.include.0.group: must be the name of a group, or {id: …}',
  ],
  [
    [{ action: 'allow', include: [{ group: { name: 'x' } }] }],
    '0.include.0.group: must be the name of a group, or {id: …}',
  ],
  [
    [{ action: 'block', include: [{ group: { id: 'g-1' } }] }],
    '0.include.0.group: selector "group" names what only Cloudflare knows (write {group: …} with the name of a group of this gateway)',
  ],
  [
    [{ action: 'allow', include: [{ everyone: true }], exclude: [{ group: { id: 'g-1' } }] }],
    '0.exclude.0.group: selector "group" names what only Cloudflare knows (write {group: …} with the name of a group of this gateway)',
  ],
  [[{ action: 'allow', include: [{ everyone: true }], require: [{ group: { id: 'g-1' } }] }]],
  [
    [{ action: 'allow', include: [{ ip: 7 }] }],
    '0.include.0.ip: must be an IP address or range, not a number',
  ],
  [
    [{ action: 'allow', include: [{ ip: 'x' }] }],
    '0.include.0.ip: must be an IP address or a range such as "10.0.0.0/8", not "x"',
  ],
  [[{ action: 'allow', include: [{ ip: { ip: '::1' } }] }]],
  [
    [{ action: 'allow', include: [{ ip: '::' }] }],
    '0.include.0.ip: "::" can never match: nobody connects from there (for everybody, write "::/0")',
  ],
  [[{ action: 'allow', include: [{ everyone: {} }] }]],
  [[{ action: 'allow', include: [{ everyone: false }] }], '0.include.0.everyone: must be true'],
  [[{ action: 'allow', include: [{ everyone: { x: 1 } }] }], '0.include.0.everyone: must be true'],
  [
    [{ action: 'service_auth', include: [{ service_token: '' }] }],
    '0.include.0.service_token: must be the id of a service account, not ""',
  ],
  [
    [{ action: 'service_auth', include: [{ service_token: 7 }] }],
    '0.include.0.service_token: must be the id of a service account, not a number',
  ],
  [[{ action: 'service_auth', include: [{ service_token: { token_id: 'x' } }] }]],
  [[{ action: 'service_auth', include: [{ any_valid_service_token: {} }] }]],
  [
    [{ action: 'service_auth', include: [{ any_valid_service_token: 1 }] }],
    '0.include.0.any_valid_service_token: must be true',
  ],
  [[{ action: 'non_identity', include: [{ service_token: 'x' }] }]],
  [[{ action: 'deny', include: [{ email: 'a@x.example' }] }]],
  [
    [{ action: 'allow', include: [{ auth_context: {} }] }],
    '0.include.0.auth_context: selector "auth_context" has no equal here: how somebody signed in at their provider is not known',
  ],
  [
    [{ action: 'allow', include: [{ auth_method: {} }] }],
    '0.include.0.auth_method: selector "auth_method" has no equal here: how somebody signed in at their provider is not known',
  ],
  [
    [{ action: 'allow', include: [{ azureAD: {} }] }],
    '0.include.0.azureAD: selector "azureAD" has no equal here: write {group: NAME} with the name that the identity provider sends',
  ],
  [
    [{ action: 'allow', include: [{ certificate: {} }] }],
    '0.include.0.certificate: selector "certificate" has no equal here: write a policy in the policy language, with "client_certificate"',
  ],
  [
    [{ action: 'allow', include: [{ cloudflare_account_member: {} }] }],
    '0.include.0.cloudflare_account_member: selector "cloudflare_account_member" has no equal here: lists that Cloudflare keeps are not read',
  ],
  [
    [{ action: 'allow', include: [{ common_name: {} }] }],
    '0.include.0.common_name: selector "common_name" has no equal here: write a policy in the policy language, with "client_certificate"',
  ],
  [
    [{ action: 'allow', include: [{ common_names: {} }] }],
    '0.include.0.common_names: selector "common_names" has no equal here: write a policy in the policy language, with "client_certificate"',
  ],
  [
    [{ action: 'allow', include: [{ device_posture: {} }] }],
    '0.include.0.device_posture: selector "device_posture" has no equal here: the state of a device is not known here',
  ],
  [
    [{ action: 'allow', include: [{ email_list: {} }] }],
    '0.include.0.email_list: selector "email_list" has no equal here: lists that Cloudflare keeps are not read',
  ],
  [
    [{ action: 'allow', include: [{ external_evaluation: {} }] }],
    '0.include.0.external_evaluation: selector "external_evaluation" has no equal here: no other service is asked for decisions',
  ],
  [
    [{ action: 'allow', include: [{ geo: {} }] }],
    '0.include.0.geo: selector "geo" has no equal here: which country an address is in is not known here',
  ],
  [
    [{ action: 'allow', include: [{ 'github-organization': {} }] }],
    '0.include.0.github-organization: selector "github-organization" has no equal here: write {group: NAME} with the name that the identity provider sends',
  ],
  [
    [{ action: 'allow', include: [{ gsuite: {} }] }],
    '0.include.0.gsuite: selector "gsuite" has no equal here: write {group: NAME} with the name that the identity provider sends',
  ],
  [
    [{ action: 'allow', include: [{ ip_list: {} }] }],
    '0.include.0.ip_list: selector "ip_list" has no equal here: lists that Cloudflare keeps are not read',
  ],
  [
    [{ action: 'allow', include: [{ linked_app_token: {} }] }],
    '0.include.0.linked_app_token: selector "linked_app_token" has no equal here: tokens of other applications are not accepted',
  ],
  [
    [{ action: 'allow', include: [{ login_method: {} }] }],
    '0.include.0.login_method: selector "login_method" has no equal here: write a policy in the policy language, with "provider"',
  ],
  [
    [{ action: 'allow', include: [{ oidc: {} }] }],
    '0.include.0.oidc: selector "oidc" has no equal here: write a policy in the policy language, with "claim/NAME"',
  ],
  [
    [{ action: 'allow', include: [{ okta: {} }] }],
    '0.include.0.okta: selector "okta" has no equal here: write {group: NAME} with the name that the identity provider sends',
  ],
  [
    [{ action: 'allow', include: [{ saml: {} }] }],
    '0.include.0.saml: selector "saml" has no equal here: write a policy in the policy language, with "claim/NAME"',
  ],
  [
    [{ action: 'allow', include: [{ user_risk_score: {} }] }],
    '0.include.0.user_risk_score: selector "user_risk_score" has no equal here: the state of a device is not known here',
  ],
  [
    [{ action: 'allow', include: [{ warp: {} }] }],
    '0.include.0.warp: selector "warp" has no equal here: the state of a device is not known here',
  ],
  [
    [{ action: 'allow', include: [{ gateway: {} }] }],
    '0.include.0.gateway: selector "gateway" has no equal here: the state of a device is not known here',
  ],
  [
    [{ action: 'allow', include: [{ everyone: true }], approval_groups: true }],
    '0.approval_groups: is not honoured: nobody is asked to approve a tunnel',
  ],
  [
    [{ action: 'allow', include: [{ everyone: true }], approval_required: true }],
    '0.approval_required: is not honoured: nobody is asked to approve a tunnel',
  ],
  [
    [{ action: 'allow', include: [{ everyone: true }], connection_rules: true }],
    "0.connection_rules: is not honoured: what happens within a connection is the service's",
  ],
  [
    [{ action: 'allow', include: [{ everyone: true }], isolation_required: true }],
    '0.isolation_required: is not honoured: there is no browser isolation',
  ],
  [
    [{ action: 'allow', include: [{ everyone: true }], mfa_config: true }],
    "0.mfa_config: is not honoured: whether somebody used a second factor is the identity provider's to say",
  ],
  [
    [{ action: 'allow', include: [{ everyone: true }], purpose_justification_prompt: true }],
    '0.purpose_justification_prompt: is not honoured: nobody is asked why',
  ],
  [
    [{ action: 'allow', include: [{ everyone: true }], purpose_justification_required: true }],
    '0.purpose_justification_required: is not honoured: nobody is asked why',
  ],
]

for (const [policies, ...expected] of table)
  test(`it is said what to do about ${JSON.stringify(policies)}`, () => {
    assert.deepEqual(said(policies), expected)
  })

test('the length of a session is not looked at where it is not known', () => {
  const policies = [{ action: 'allow', include: [{ everyone: true }], session_duration: '1h' }]
  const parsed = parseApplicationPolicy(policies, { clientCertificates: 'none' })
  assert.ok('policy' in parsed)
})
