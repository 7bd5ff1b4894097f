import type { ProviderDialect } from '../../identity/person.ts'

/** What we know of a kind of identity provider that Pomerium names. */
export interface ProviderKind {
  /** What people call it; undefined where only its host tells. */
  readonly label?: string
  /** Its issuer where all its customers share one. */
  readonly url?: string
  /** Its issuer's shape, for whoever must find theirs. */
  readonly urlForm?: string
  /** What is wrong with an issuer that somebody has written; undefined for nothing. */
  faultOf?(url: URL): string | undefined
  /** Where it is not OpenID Connect; then `openid` is no scope. */
  readonly speaks?: 'github'
  /** What is asked for where nothing is said. **Default:** that of `idp_scopes` */
  readonly scopes?: readonly string[]
  /** What is asked for besides where the provider knows it, and nothing is said. **Default:** `usefulScopes` */
  readonly scopesIfKnown?: readonly string[]
  /** Further parameters of its question. */
  readonly requestParams?: Readonly<Record<string, string>>
  /** How it says whether an address is its owner's. */
  readonly dialect?: ProviderDialect
  /** Why it cannot be used. */
  readonly refused?: string
}

/** Pomerium's provider names, and `keycloak`. */
export const providers = {
  oidc: { urlForm: 'https://HOST, where /.well-known/openid-configuration answers' },
  google: {
    label: 'Google',
    url: 'https://accounts.google.com',
    // It gives a refresh token only so, and each session needs one of its own.
    requestParams: { access_type: 'offline', prompt: 'select_account consent' },
    dialect: 'google',
  },
  gitlab: { label: 'GitLab', url: 'https://gitlab.com' },
  azure: {
    label: 'Microsoft',
    urlForm: 'https://login.microsoftonline.com/TENANT/v2.0',
    faultOf: faultOfEntra,
    dialect: 'entra',
  },
  okta: { label: 'Okta', urlForm: 'https://COMPANY.okta.com' },
  auth0: { label: 'Auth0', urlForm: 'https://TENANT.auth0.com' },
  // With `offline_access` it makes an offline session, which no sign-out there ends; without, its refresh token is as
  // good as the sign-in there.
  keycloak: { urlForm: 'https://HOST/realms/REALM', scopesIfKnown: ['groups'] },
  onelogin: { label: 'OneLogin', urlForm: 'https://COMPANY.onelogin.com/oidc/2' },
  ping: { label: 'Ping Identity', urlForm: 'https://auth.pingone.com/ENVIRONMENT/as' },
  cognito: {
    label: 'Amazon Cognito',
    urlForm: 'https://cognito-idp.REGION.amazonaws.com/POOL',
  },
  github: {
    label: 'GitHub',
    url: 'https://github.com',
    speaks: 'github',
    scopes: ['user:email', 'read:org'],
    scopesIfKnown: [],
  },
  apple: { refused: 'Apple answers by form post and wants a client secret signed anew each time' },
} as const satisfies Record<string, ProviderKind>

export type ProviderName = keyof typeof providers

export const providerNames = Object.keys(providers) as [ProviderName, ...ProviderName[]]

/** Groups for the criterion of that name, and a refresh token, so that a session can be kept true. */
export const usefulScopes: readonly string[] = ['groups', 'offline_access']

/** Everybody's, or of every organization: whoever has made a tenant of their own could name any address. */
const sharedTenants: readonly string[] = ['common', 'organizations', 'consumers']

function faultOfEntra({ hostname, pathname }: URL): string | undefined {
  if (!/(?:^|\.)(?:microsoftonline|chinacloudapi)\.[a-z]+$/.test(hostname)) return undefined
  const [tenant = '', version, ...rest] = pathname.split('/').filter((part) => part !== '')
  if (sharedTenants.includes(tenant.toLowerCase()))
    return `"${tenant}" is of every tenant: name your own, by its id or a domain of it`
  if (version === 'v2.0' && rest.length === 0) return undefined
  return 'must end with /TENANT/v2.0: without "v2.0" the issuer is another one'
}
