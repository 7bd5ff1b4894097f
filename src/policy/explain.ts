/**
 * One sentence for every reason a criterion gives, for refusal pages and the docs. A reason may stand
 * on either side of a policy and under a `not`, so a sentence says what was found, not what follows.
 */
const sentences = {
  accept: 'the policy accepts everybody here',
  reject: 'the policy accepts nobody here',
  'user-ok': 'you are signed in as somebody this route names',
  'user-unauthenticated': 'you are not signed in',
  'user-unauthorized': 'you are not among the people this route names',
  'service-account-unauthorized': 'this rule is about people, and a service account is not one',
  'provider-ok': 'you have signed in with a provider this route names',
  'provider-unauthorized': 'you have not signed in with a provider this route names',
  'email-ok': 'your email address is among those this route names',
  'email-unauthorized': 'your email address is not among those this route names',
  'email-unverified': 'your identity provider does not say that your email address is verified',
  'domain-ok': "your email address's domain is among those this route names",
  'domain-unauthorized': "your email address's domain is not among those this route names",
  'claim-ok': 'your identity provider confirms what this route asks for',
  'claim-unauthorized': 'your identity provider does not confirm what this route asks for',
  'groups-ok': 'you are in a group this route names',
  'groups-unauthorized': 'you are not in the groups this route names',
  'source-ip-ok': 'your network address is among those this route names',
  'source-ip-unauthorized': 'your network address is not among those this route names',
  'http-method-ok': 'the request has the HTTP method this route names',
  'http-method-unauthorized': 'the request does not have the HTTP method this route names',
  'http-path-ok': 'the request has the path this route names',
  'http-path-unauthorized': 'the request does not have the path this route names',
  'client-certificate-ok': 'your client certificate is one this route names',
  'client-certificate-unauthorized': 'your client certificate is not one this route names',
  'client-certificate-required': 'your client showed no certificate',
  'invalid-client-certificate': 'this gateway does not trust the certificate your client showed',
  'valid-client-certificate': 'this gateway trusts the certificate your client showed',
  'date-ok': 'today is within the dates this route names',
  'date-unauthorized': 'today is outside the dates this route names',
  'day-of-week-ok': 'today is one of the days of the week this route names',
  'day-of-week-unauthorized': 'today is not one of the days of the week this route names',
  'time-of-day-ok': 'it is within the hours this route names',
  'time-of-day-unauthorized': 'it is outside the hours this route names',
} as const

/** Why somebody is let in whom no rule lets in. */
const ofGrants = {
  'access-approved': 'somebody has given you access for a while',
  'glass-broken': 'you have let yourself in for a while, in an emergency',
} as const

/** The same for a decision that rests on a grant. */
export type GrantReason = keyof typeof ofGrants

/** A stable code for what a criterion found. */
export type Reason = keyof typeof sentences

/** Every reason there is, in the order of the docs. */
export const allReasons = Object.keys(sentences) as readonly Reason[]

/** One plain sentence for a reason, lower case, without a full stop; for an unknown one, its code. */
export function explainReason(code: string): string {
  if (isReason(code)) return sentences[code]
  return isGrantReason(code) ? ofGrants[code] : `the policy answered "${code}"`
}

/** The same about somebody else, for administrators: `their email address is among those this route names`. */
export function explainReasonOf(code: string): string {
  return explainReason(code)
    .replaceAll(/\byour\b/g, 'their')
    .replaceAll(/\byourself\b/g, 'themselves')
    .replaceAll(/\bgiven you\b/g, 'given them')
    .replaceAll(/\byou\b/g, 'they')
}

function isReason(code: string): code is Reason {
  return Object.hasOwn(sentences, code)
}

function isGrantReason(code: string): code is GrantReason {
  return Object.hasOwn(ofGrants, code)
}
