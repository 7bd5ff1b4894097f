import { z } from 'zod'
import * as values from '../../setting-values.ts'
import { key, pathKey, textKey, type Key } from '../../setting-key.ts'
import { providerNames } from './providers.ts'
import { issuer, origin, redirectHost, requestParams, scope } from './values.ts'

/** The keys about how people sign in. */
export const signInKeys = {
  authenticate_service_url: textKey(origin, 'https URL', {
    without:
      'required once a policy asks who somebody is, except for service accounts named by `user`',
    doc: 'Origin under which browsers reach this gateway to sign in. The provider must know `URL/oauth2/callback` as a redirect URI, and one of several `URL/oauth2/provider/ID`.',
  }),
  idp_provider: textKey(z.enum(providerNames), 'one of the names', {
    default: 'oidc',
    doc: 'Kind of identity provider, which brings what is odd about it ([providers](providers.md)). `google`, `gitlab` and `github` know their own URL.',
  }),
  idp_provider_url: textKey(issuer, 'https URL', {
    without:
      'required once a policy asks who somebody is, except for service accounts named by `user`',
    doc: 'Issuer of the identity provider. `http` is accepted, with a warning, on a loopback host.',
  }),
  idp_client_id: textKey(values.text, 'text', {
    without:
      'required once a policy asks who somebody is, except for service accounts named by `user`',
    doc: 'Client id that the provider gave this gateway.',
  }),
  idp_client_secret: textKey(values.secretText, 'text', {
    without:
      'required once a policy asks who somebody is, except for service accounts named by `user`',
    doc: 'Client secret that the provider gave this gateway.',
  }),
  idp_client_secret_file: pathKey('File with the client secret, instead of `idp_client_secret`.'),
  idp_scopes: key({
    schema: z.array(scope).min(1),
    type: 'list of text',
    default: ['openid', 'profile', 'email'],
    variable: 'list',
    doc: 'Scopes asked for at a sign-in. `openid` must be among them, except for `github`. When this is not set, `groups` and `offline_access` are asked for as well where the provider says that it knows them, and what the kind of provider needs.',
  }),
  idp_request_params: key({
    schema: requestParams,
    type: 'mapping of text to text',
    variable: 'list',
    without: 'those that the kind of provider needs',
    doc: 'Further parameters of the address that begins a sign-in, such as `{prompt: login}`, instead of those that `idp_provider` brings. The variable is a list of `NAME=VALUE`.',
  }),
  idp_groups_claim: textKey(values.text, 'text', {
    default: 'groups',
    doc: "Claim that lists a person's groups, for the criterion `groups`: its name, or a path into nested claims such as `realm_access.roles` (a claim of that very name comes first). A list of names, or of objects with `value` or, without one, `name`.",
  }),
  idp_email_claim: textKey(values.text, 'text', {
    default: 'email',
    doc: "Claim that holds a person's email address, a name or a path, for providers that send it in another, such as `preferred_username` or `upn`. Name only a claim that people cannot choose for themselves.",
  }),
  idp_trust_missing_email_verified: key({
    schema: values.flag,
    type: 'true or false',
    default: true,
    variable: 'flag',
    doc: 'Whether an email address counts as verified when the provider sends no `email_verified`. Set `false` where people may enter any address. An `email_verified` that is anything but a yes counts as a no; it is about the claim `email`, and about the one of `idp_email_claim` only where both are the same.',
  }),
  local_accounts: key({
    schema: values.flag,
    type: 'true or false',
    default: false,
    variable: 'flag',
    doc: 'Whether people whom you invite (`postern gateway accounts invite`) sign in with passkeys, without an identity provider or beside one. Their passkeys are bound to the host of `authenticate_service_url`: at another one they do not work. See [accounts.md](accounts.md).',
  }),
  programmatic_redirect_domain_whitelist: key({
    schema: z.array(redirectHost),
    type: 'list of hosts',
    default: ['localhost'],
    variable: 'list',
    doc: 'Hosts that the sign-in of a client may end at. `localhost` covers 127.0.0.0/8 and ::1 too; people whom another website sends there are asked first, those for other hosts of this list are not.',
  }),
  device_login: key({
    schema: values.flag,
    type: 'true or false',
    default: true,
    variable: 'flag',
    doc: 'Whether a machine without a browser may be signed in by a code (`postern login --device`) that somebody approves in a browser elsewhere. `false` refuses that, also for codes that are waiting for approval.',
  }),
} as const satisfies Record<string, Key<unknown>>
