const device = 'the state of a device is not known here'
const method = 'how somebody signed in at their provider is not known'
const provider = 'write a policy in the policy language, with "provider"'
const list = 'lists that Cloudflare keeps are not read'
const claim = 'write a policy in the policy language, with "claim/NAME"'
const certificate = 'write a policy in the policy language, with "client_certificate"'

/**
 * Selectors of Cloudflare's that have no equal here, and why. Each is a fault: an `include` without it may
 * be no narrower, but a `require` or an `exclude` would be looser.
 */
export const refusedSelectors: ReadonlyMap<string, string> = new Map([
  ['auth_context', method],
  ['auth_method', method],
  ['azureAD', 'write {group: NAME} with the name that the identity provider sends'],
  ['certificate', certificate],
  ['cloudflare_account_member', list],
  ['common_name', certificate],
  ['common_names', certificate],
  ['device_posture', device],
  ['email_list', list],
  ['external_evaluation', 'no other service is asked for decisions'],
  ['geo', 'which country an address is in is not known here'],
  ['github-organization', 'write {group: NAME} with the name that the identity provider sends'],
  ['gsuite', 'write {group: NAME} with the name that the identity provider sends'],
  ['ip_list', list],
  ['linked_app_token', 'tokens of other applications are not accepted'],
  ['login_method', provider],
  ['oidc', claim],
  ['okta', 'write {group: NAME} with the name that the identity provider sends'],
  ['saml', claim],
  ['user_risk_score', device],
  ['warp', device],
  ['gateway', device],
])

/** Settings of a policy of Cloudflare's that narrow it, and have no equal here. */
export const refusedPolicyKeys: ReadonlyMap<string, string> = new Map([
  ['approval_groups', 'nobody is asked to approve a tunnel'],
  ['approval_required', 'nobody is asked to approve a tunnel'],
  ['connection_rules', "what happens within a connection is the service's"],
  ['isolation_required', 'there is no browser isolation'],
  ['mfa_config', "whether somebody used a second factor is the identity provider's to say"],
  ['purpose_justification_prompt', 'nobody is asked why'],
  ['purpose_justification_required', 'nobody is asked why'],
])
