/** What we know of a kind of identity provider that Pomerium names. */
export interface ProviderKind {
  /** What people call it; undefined where only its host tells. */
  readonly label?: string
  /** Its issuer where all its customers share one. */
  readonly url?: string
  /** Its issuer's shape, for whoever must find theirs. */
  readonly urlForm?: string
  /** Why it cannot be used. */
  readonly refused?: string
}

/** Pomerium's provider names; each one that is not refused speaks OpenID Connect. */
export const providers = {
  oidc: { urlForm: 'https://HOST, where /.well-known/openid-configuration answers' },
  google: { label: 'Google', url: 'https://accounts.google.com' },
  gitlab: { label: 'GitLab', url: 'https://gitlab.com' },
  azure: { label: 'Microsoft', urlForm: 'https://login.microsoftonline.com/TENANT/v2.0' },
  okta: { label: 'Okta', urlForm: 'https://COMPANY.okta.com' },
  auth0: { label: 'Auth0', urlForm: 'https://TENANT.auth0.com' },
  onelogin: { label: 'OneLogin', urlForm: 'https://COMPANY.onelogin.com/oidc/2' },
  ping: { label: 'Ping Identity', urlForm: 'https://auth.pingone.com/ENVIRONMENT/as' },
  cognito: {
    label: 'Amazon Cognito',
    urlForm: 'https://cognito-idp.REGION.amazonaws.com/POOL',
  },
  github: { refused: 'GitHub speaks OAuth 2 without OpenID Connect' },
  apple: { refused: 'Apple answers by form post and wants a client secret signed anew each time' },
} as const satisfies Record<string, ProviderKind>

export type ProviderName = keyof typeof providers

export const providerNames = Object.keys(providers) as [ProviderName, ...ProviderName[]]
