import type { Stored } from './stored.ts'

/** A user or a group, as whoever provisions them has written it (RFC 7643). Times are milliseconds since the epoch. */
export interface ScimRecord {
  readonly kind: 'user' | 'group'
  /** Made by this gateway. */
  readonly id: string
  /** By what no other of its kind is known: the `userName` in lower case; undefined where there may be several. */
  readonly key: string | undefined
  /** JSON: an object. */
  readonly body: string
  readonly createdAtMs: number
  readonly updatedAtMs: number
  /** A deleted user is kept, whose sessions must not come back; a deleted group is not. */
  readonly isDeleted: boolean
}

/** How many there may be of a kind. */
export interface ScimLimits {
  readonly maxRecords: number
  /** Deleted ones: the oldest are forgotten. */
  readonly maxDeleted: number
}

/** Users and groups that were provisioned. Every store passes `scim-store.suite.ts`. Each write is a change of the feed. */
export interface ScimStore {
  get(kind: ScimRecord['kind'], id: string): Promise<Stored<ScimRecord> | undefined>
  /** In the order of their making, deleted ones too. */
  list(kind: ScimRecord['kind']): Promise<readonly Stored<ScimRecord>[]>
  /** Keeps nothing when another has its key, or when there are too many. Answers its revision. */
  add(record: ScimRecord, limits: ScimLimits): Promise<number | 'taken' | 'full'>
  /**
   * Replaces one that is still as it was read, and answers its revision now; `changed`, and nothing kept, when it was
   * written meanwhile or is gone.
   */
  update(record: Stored<ScimRecord>, limits: ScimLimits): Promise<number | 'taken' | 'changed'>
  /** False when there is none that is still as it was read. */
  remove(record: Pick<Stored<ScimRecord>, 'kind' | 'id' | 'revision'>): Promise<boolean>
}
