/** What criteria read about who asks; the sessions of `identity/` fit by shape. */
export interface Subject {
  readonly kind: 'person' | 'service-account'
  /** The provider's `sub`, with its id before it for another than the default one; or the id of a service account. */
  readonly userId: string
  /** The id of the provider that a person has signed in with; absent where that is not known. */
  readonly provider?: string | undefined
  readonly email: string | undefined
  /** False when the provider did not say so where it must: then no `allow` believes the address. */
  readonly emailVerified: boolean
  readonly groups: readonly string[]
  /** Those that they would be in besides if an unverified or oddly spelt address was theirs. */
  readonly claimedGroups?: readonly string[]
  /** Every claim of the identity provider, as it came. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** What criteria read about the certificate that a client showed in its TLS handshake. */
export interface ClientCertificate {
  /** Whether the gateway trusts it now: who signed it, its dates, whether it was revoked, its names. */
  readonly isValid: boolean
  /** SHA-256 of the certificate, 64 lower-case hexadecimal digits. */
  readonly fingerprint: string
  /** Base64 of the SHA-256 of its public key (SubjectPublicKeyInfo). */
  readonly spkiHash: string
  readonly dnsNames: readonly string[]
  readonly emailAddresses: readonly string[]
  readonly uris: readonly string[]
  /**
   * When it stops being valid by itself, in milliseconds since the epoch; undefined when never, or when
   * it is not valid.
   */
  readonly validUntilMs: number | undefined
}

/** What criteria read about one request. */
export interface RequestFacts {
  /** Undefined for somebody who is not signed in. */
  readonly subject: Subject | undefined
  /** `CONNECT` for every tunnel. */
  readonly method: string
  /** Empty for a tunnel: CONNECT has no path. */
  readonly path: string
  /** The client's IP address, IPv4 never in its IPv6-mapped form. */
  readonly sourceIp: string
  /** Undefined when the client showed none. */
  readonly clientCertificate?: ClientCertificate | undefined
  /** Milliseconds since the epoch. */
  readonly nowMs: number
}
