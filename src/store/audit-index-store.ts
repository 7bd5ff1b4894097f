/** Where to find a record of the audit log, and what it is found by. The record itself is in its file alone. */
export interface AuditIndexRow {
  readonly series: string
  /** From 1, in its series. */
  readonly seq: number
  readonly atMs: number
  readonly kind: string
  readonly event: string
  /** In lower case. */
  readonly email: string | undefined
  /** The provider's id of a person, or the id of a service account. */
  readonly userId: string | undefined
  /** Who did it to them, where somebody did: an email address in lower case, or an id. */
  readonly actor: string | undefined
  readonly ip: string | undefined
  readonly route: string | undefined
  readonly routeId: string | undefined
  readonly requestId: string | undefined
  readonly outcome: string | undefined
  /** The name of the file, where the line begins in it, and its bytes without the newline. */
  readonly file: string
  readonly offset: number
  readonly bytes: number
}

/** How far a series was read. */
export interface AuditIndexPlace {
  readonly file: string
  readonly offset: number
  readonly seq: number
  readonly hash: string
}

/** What is looked for; all of it has to fit. */
export interface AuditSearch {
  readonly sinceMs?: number | undefined
  /** Up to, and not at. */
  readonly untilMs?: number | undefined
  readonly kind?: string | undefined
  readonly series?: string | undefined
  readonly outcome?: string | undefined
  readonly event?: string | undefined
  /** Email address, user id or service account: whom it befell, or who did it. */
  readonly who?: string | undefined
  /** The id or the name. */
  readonly route?: string | undefined
  readonly ip?: string | undefined
  readonly requestId?: string | undefined
  /** A part of any of these, without case. */
  readonly text?: string | undefined
  /** The last one of the page before. */
  readonly after?: Pick<AuditIndexRow, 'atMs' | 'series' | 'seq'> | undefined
}

/** By what the audit log is searched. It can be lost: it is made of the files again. */
export interface AuditIndexStore {
  /** Adds rows of one series and how far it was read, in one step. One that is there is replaced. */
  add(series: string, rows: readonly AuditIndexRow[], next: AuditIndexPlace): Promise<void>
  /** How far a series was read; undefined when it was not. */
  place(series: string): Promise<AuditIndexPlace | undefined>
  /** Newest first. */
  search(search: AuditSearch, maxRows: number): Promise<readonly AuditIndexRow[]>
  /** Removes some of the rows of a series before a number; answers how many. */
  removeBefore(series: string, seq: number, maxRows: number): Promise<number>
}
