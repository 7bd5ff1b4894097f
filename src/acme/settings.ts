/** Where certificates are fetched from, and for whom; what `autocert_*` say. */
export interface AcmeSettings {
  /** The URL of the authority's directory (RFC 8555 §7.1.1). */
  readonly directoryUrl: string
  /** Whom the authority may write to; undefined: nobody. */
  readonly email: string | undefined
  /** By which an authority knows its customer (RFC 8555 §7.3.4). */
  readonly externalAccount: ExternalAccount | undefined
  /** Authorities that the directory's own certificate may be from, PEM, besides the well-known ones. */
  readonly trustedCa: string | undefined
  /** Whether clients are to take the certificates only with a stapled OCSP answer (RFC 7633). */
  readonly mustStaple: boolean
}

export interface ExternalAccount {
  readonly keyId: string
  /** Base64url, as the authority gave it. */
  readonly macKey: string
}
