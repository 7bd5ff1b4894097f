/** How far the changes of a store have their records in the audit log; the feed's suite has its rules. */
export interface RecordedMark {
  /** Up to which revision every change has its record; undefined before that was noted once. */
  recordedUpTo(): Promise<number | undefined>
  /** Notes it. It is no change of the feed. */
  noteRecorded(revision: number): Promise<void>
}
