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

/** What is looked for; all of it has to fit. Times are RFC 3339. */
export interface AuditSearchQuery {
  readonly since?: string | undefined
  /** Up to, and not at. */
  readonly until?: string | undefined
  readonly kind?: string | undefined
  readonly series?: string | undefined
  readonly outcome?: string | undefined
  /** As the record has it, whole. */
  readonly event?: string | undefined
  /** An email address (without case), a user id or a service account: whom it befell, or who did it. */
  readonly who?: string | undefined
  /** The id or the name of a route. */
  readonly route?: string | undefined
  readonly ip?: string | undefined
  readonly request_id?: string | undefined
  /** A part of any of these, without case. */
  readonly q?: string | undefined
  /** From 1 to 500. */
  readonly max: number
  /** `next` of the page before. */
  readonly after?: AuditPosition | undefined
}

/** A record's place in the order of a search: newest first. */
export interface AuditPosition {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly series: string
  readonly seq: number
}

export interface FoundRecord {
  readonly series: string
  readonly seq: number
  /** RFC 3339. */
  readonly time: string
  readonly kind: string
  readonly event: string
  /** Whom it is about; of a change who made it. */
  readonly who: string | null
  readonly ip: string | null
  readonly route: string | null
  readonly route_id: string | null
  readonly request_id: string | null
  readonly outcome: string | null
  /** Everything that was kept; null where its file has lost it. */
  readonly record: Readonly<Record<string, unknown>> | null
}

export interface AuditSearchAnswer {
  readonly records: readonly FoundRecord[]
  /** Null on the last page. */
  readonly next: AuditPosition | null
  /** False while what was there at the start is still being read in. */
  readonly is_complete: boolean
}
