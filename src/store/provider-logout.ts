/** A provider's word that a person is signed out there. Times are milliseconds since the epoch. */
export interface ProviderLogout {
  /** By its id in the configuration, as sessions have it. */
  readonly provider: string
  readonly issuer: string
  /** The `jti` of the token that says so. */
  readonly tokenId: string
  /** Whose; undefined where the sign-in alone is named. One of the two is there. */
  readonly userId: string | undefined
  /** Which sign-in; undefined for every one that the person has. */
  readonly sid: string | undefined
  /** When it was said, by the provider's clock. */
  readonly issuedAtMs: number
  /** From then on neither the token nor a sign-in from before it can come any more. */
  readonly keptUntilMs: number
}

/** A sign-in, as its provider told of it. */
export interface ProviderSignIn {
  readonly provider: string
  readonly issuer: string
  readonly userId: string
  readonly sid: string | undefined
  /** When its id token was made, by the provider's clock. */
  readonly issuedAtMs: number
}
