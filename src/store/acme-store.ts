/** What is kept for certificates that are fetched by ACME (RFC 8555). */
export interface AcmeRecord {
  /**
   * - `account`: one at a certificate authority; `name` is the URL of its directory, `text` that of the account.
   * - `certificate`: `name` is the host name it is for, `text` its chain in PEM, leaf first.
   * - `challenge`: what proves a name while an authority looks; `name` is what it is looked for by, `text` JSON.
   */
  readonly kind: 'account' | 'certificate' | 'challenge'
  readonly name: string
  readonly text: string
  /** PKCS #8 in PEM, encrypted where it is stored; undefined for a challenge. */
  readonly privateKey: string | undefined
  readonly changedAtMs: number
}

/**
 * Accounts, certificates and open challenges of ACME, so that every gateway on the store serves them. Each write is a
 * change of the feed, named `KIND/NAME`.
 */
export interface AcmeStore {
  /** One whose private key no secret reads any more is left out: it is fetched anew. */
  list(): Promise<readonly AcmeRecord[]>
  /** As in `list`; undefined where there is none. */
  get(kind: AcmeRecord['kind'], name: string): Promise<AcmeRecord | undefined>
  /** Adds one, or puts it in the place of the one of its name. */
  put(record: AcmeRecord): Promise<void>
  /** False where there was none. */
  remove(kind: AcmeRecord['kind'], name: string): Promise<boolean>
}
