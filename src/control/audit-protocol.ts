/** What is to be kept elsewhere. */
export interface AuditCheckpointAnswer {
  /** A C2SP signed note; null before the first one. */
  readonly note: string | null
  /** RFC 3339. */
  readonly time: string | null
  /** How far each series had come, and the hash of its last record. */
  readonly series: readonly {
    readonly name: string
    readonly records: number
    readonly hash: string
  }[]
  /** Verifier keys, that of the current one first. */
  readonly keys: readonly string[]
}
