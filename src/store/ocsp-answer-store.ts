/** What an OCSP responder has said of a certificate. Times are milliseconds since the epoch. */
export interface OcspAnswerRecord {
  /** SHA-256 of the certificate, 64 lower-case hexadecimal digits. */
  readonly certificate: string
  /** DER, in base64. Whoever reads it verifies it. */
  readonly answer: string
  /** From when on it is true, and until when it may be handed out. */
  readonly fromMs: number
  readonly untilMs: number
  readonly fetchedAtMs: number
}

/** The newest answer for each certificate. Every store passes `ocsp-answer-store.suite.ts`. */
export interface OcspAnswerStore {
  get(certificate: string): Promise<OcspAnswerRecord | undefined>
  /**
   * Keeps an answer, and forgets those whose end has come. In one step, false and nothing kept where there is one that
   * is true from a later time on: an older one may be played again.
   */
  put(record: OcspAnswerRecord, nowMs: number): Promise<boolean>
}
