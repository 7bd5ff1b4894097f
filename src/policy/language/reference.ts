import { criteriaReference } from '../criteria/all.ts'
import { allReasons, explainReason } from '../explain.ts'

/** The reference of the policy language, `docs/policy.md`, from the tables that policies go by. */
export function renderPolicyReference(): string {
  return (
    [
      introduction,
      table(
        ['criterion', 'data', 'what it says'],
        criteriaReference.map(({ name, data, doc }) => [`\`${name}\``, data, doc]),
      ),
      matchers,
      '## Reasons\n\nWhat refusals and the authorize log say, code by code:',
      table(
        ['reason', 'meaning'],
        allReasons.map((reason) => [`\`${reason}\``, explainReason(reason)]),
      ),
    ].join('\n\n') + '\n'
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

const introduction = `# Policies

This file is made from the code: \`npm run docs\`.

A route's \`policy\` is a rule or a list of rules in the Pomerium Policy Language. Each rule has \`allow\` or \`deny\`, and
in it lists of criteria under \`and\`, \`or\`, \`not\` or \`nor\`:

\`\`\`yaml
policy:
  - allow:
      and:
        - domain:
            is: example.com
        - groups:
            has: engineering
  - deny:
      or:
        - email:
            is: mallory@example.com
\`\`\`

- **Somebody is let in when at least one \`allow\` holds and no \`deny\` does.** A route without a rule lets nobody in.
- \`and\`: all hold. \`or\`: one holds. \`not\`: **none** holds. \`nor\`: **not all** hold. Several operators in one rule, and
  several rules, are alternatives.
- A criterion about a person, asked about somebody who is not signed in, leads to the sign-in, whatever the others say;
  under \`deny\` it makes even a public route ask for it. Only an \`or\` or a \`not\` in which another criterion holds leaves it out.
- A criterion that cannot be honoured here is refused when the configuration is read: one that silently never held
  would turn a \`deny\` into a hole. A value that nothing can match, such as an email address without an \`@\` or a date
  that is over, is warned of: by \`postern gateway check\`, in the log, in the console and by \`postern apply\`.
- **An unverified email address lets nobody in and saves nobody.** Under \`allow\` it satisfies neither \`email\`, \`domain\`
  and \`claim/email\` nor a \`not\` or \`nor\` around them. Under \`deny\` it counts as theirs, so that a \`deny\` of it holds,
  and also as not theirs, so that a \`deny\` of everybody else holds too. An address is unverified when
  \`email_verified\` is present and not a yes, or missing with \`idp_trust_missing_email_verified: false\`. Where
  \`idp_email_claim\` names another claim, use \`email\` and \`domain\`: \`claim/NAME\` of any other claim takes it as it
  came.
- A \`deny\` by email address or domain holds for every spelling: blanks and dots around its parts, case, full-width
  letters, invisible characters, international domains in either form. An \`allow\` wants the exact address, case aside.
- Where a claim is missing or of another type than the criterion reads (\`groups\` as an object, \`email\` as a number), there
  is nothing to match: \`deny: or: [groups: {has: contractors}]\` lets through whoever comes without groups. Of a list of
  several email addresses none is theirs for an \`allow\`, and each one for a \`deny\`.
- **Service accounts** ([service-accounts.md](service-accounts.md)) are let in by \`authenticated_user\`, and by \`user\` with
  their id (\`is\`, \`in\`, \`starts_with\`, …), and by nothing else that asks who somebody is: never by \`email\`, \`domain\`,
  \`groups\` or \`claim\`, never by a matcher that only says who they are not (\`user: {not: …}\`), and never by \`not\` or
  \`nor\` around any of these. Under \`deny\` they are judged as somebody without email address, groups and claims:
  \`deny: not: [domain: {is: example.com}]\` keeps them out, \`deny: or: [groups: {has: contractors}]\` does not.
- With [several identity providers](configuration.md#several-identity-providers) ids and groups of another than \`default\` begin
  with its id: \`partner/17\`, \`partner/dba\`. \`email\`, \`domain\` and \`claim\` do not say whose word they are; \`provider\` does.
- \`user\` compares ids of people and of service accounts alike, and no id is both: a service account cannot get the id of
  somebody who is signed in, and whoever the provider knows by the id of a service account, a revoked one's included, is
  not let in. Create a service account before you name it in a policy.
- A \`deny\` that finds no valid client certificate is answered with 495 before anything else, sign-in included. An
  \`allow\` that asks for one is answered with 495 only to somebody whom no other rule sends to the sign-in.
- A certificate that \`downstream_mtls\` does not trust satisfies no \`client_certificate\`, whatever its fingerprint. Under
  \`not\` and \`deny\` it is as if there was none: deny \`invalid_client_certificate\` as well.
- A decision that depends on the time, or on a certificate that expires, is made again when the time comes, for tunnels
  that are open as well.

## Criteria`

const matchers = `## Matchers

A **string matcher** is a text, which must be equal, or an object of which every part must hold: \`is\`, \`not\`,
\`contains\`, \`starts_with\`, \`ends_with\`, \`in\` (a list), \`not_in\` (a list). A **string list matcher** is a text that must
be among them, or an object of \`has\` (among them), \`is\` (the only one) and \`exclude\` (not among them). Comparisons heed
case, except those of email addresses and domains.

## Settings that stand for rules

| setting of a route | the same as |
| --- | --- |
| \`allow_public_unauthenticated_access: true\` | \`allow: or: [accept: true]\` |
| \`allow_any_authenticated_user: true\` | \`allow: or: [authenticated_user: true]\`, service accounts included |
| \`allowed_domains: [D]\` | \`allow: or: [domain: {is: D}]\` |
| \`allowed_users: [U]\` | \`allow: or: [user: {is: U}, email: {is: U}]\` |
| \`allowed_idp_claims: {KEY: [V]}\` | \`allow: or: [claim/KEY: V]\` |`
