/**
 * What an audit entry is about; `decision` is a policy's, `admin` a change by command or a reload, `audit` what
 * the log says of itself.
 */
export const auditKinds = [
  'sign-in',
  'session',
  'decision',
  'tunnel',
  'cut',
  'grant',
  'admin',
  'audit',
] as const
export type AuditKind = (typeof auditKinds)[number]

/**
 * Series of entries, each with a bound of its own, so that many in one push out none of another: nobody
 * without a session makes an entry in `people` or `decisions`.
 */
export const auditSeries = ['people', 'decisions', 'strangers'] as const
export type AuditSeries = (typeof auditSeries)[number]

/** Where entries are kept. */
export interface AuditKeeper {
  /**
   * Appends entries to one of the series, each the text of a JSON object; rejects when it could not keep all of
   * them.
   */
  append(series: AuditSeries, entries: readonly string[]): Promise<KeptHow>
}

/**
 * `kept-elsewhere`: what was there before is gone, removed or moved away, and something new was begun.
 * `changed`: somebody else has written to the file, or cut it.
 */
export type KeptHow = 'kept' | 'kept-elsewhere' | 'changed'
