import type {
  IssuedCredentialView,
  ServiceAccountView,
} from '../../../console/wire/service-accounts.ts'

export type ServiceAccount = ServiceAccountView
export type Credential = IssuedCredentialView

/** What each format is called. */
export const formats = { jwt: 'token', 'id-secret': 'id and secret' } as const
