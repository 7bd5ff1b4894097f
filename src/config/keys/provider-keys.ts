import { z } from 'zod'
import { parseHost } from '../../address.ts'
import type { ForeignKey } from '../../foreign-keys.ts'
import { textOf } from '../../schema.ts'
import { key, pathKey, textKey, type Key, type ValuesOf } from '../../setting-key.ts'
import { lineOf } from '../../setting-values.ts'
import { signInKeys } from './sign-in-keys.ts'

/** @limit the name of an identity provider that people read: the configuration does not load */
const maxNameChars = 60

const domain = textOf('a domain such as example.com', (value) => {
  const name = parseHost(value)
  return name === undefined || /^[\d.]+$|:/.test(name) ? undefined : name
})

/** A key of the one provider, said of one of several. */
const as = <Name extends keyof typeof signInKeys>(name: Name): (typeof signInKeys)[Name] => ({
  ...signInKeys[name],
  doc: `As \`${name}\`.`,
})

const required = <T>(definition: Key<T>): Key<T> => ({ ...definition, without: 'required' })

/** The keys of one entry of `identity_providers`: those of the one provider, without `idp_` before them. */
export const providerKeys = {
  name: textKey(lineOf(maxNameChars), 'text', {
    without: 'that of its kind, or its host',
    doc: 'What people read where they choose.',
  }),
  provider: as('idp_provider'),
  provider_url: { ...as('idp_provider_url'), without: 'required, unless `provider` knows it' },
  client_id: required(as('idp_client_id')),
  client_secret: { ...as('idp_client_secret'), without: 'required, or `client_secret_file`' },
  client_secret_file: pathKey('File with the client secret, instead of `client_secret`.'),
  scopes: as('idp_scopes'),
  request_params: as('idp_request_params'),
  groups_claim: as('idp_groups_claim'),
  email_claim: as('idp_email_claim'),
  trust_missing_email_verified: as('idp_trust_missing_email_verified'),
  domains: key({
    schema: z.array(domain).min(1),
    type: 'list of domains',
    without: 'every domain',
    variable: 'none',
    doc: 'Domains whose email addresses this provider may vouch for, subdomains not included: an address at any other counts as unverified, whatever it says.',
  }),
} as const satisfies Record<string, Key<unknown>>

export type ProviderKey = keyof typeof providerKeys
export type ProviderValues = ValuesOf<typeof providerKeys>

export const providerKeyNames = Object.keys(providerKeys) as readonly ProviderKey[]

const workloads = 'a provider here signs people in, and bearer tokens of workloads are not accepted'

/** Keys of Pomerium's entries of the same name, which are about something else. */
export const foreignProviderKeys: readonly ForeignKey[] = [
  { key: 'audiences', class: 'refused', why: workloads },
  { key: 'issuer', class: 'refused', why: `${workloads}; that of people is "provider_url"` },
  { key: 'jwks_url', class: 'refused', why: workloads },
  { key: 'supported_algs', class: 'refused', why: workloads },
]
