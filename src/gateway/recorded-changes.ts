import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { Change, ChangeFeed } from '../store/store.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'

export interface RecordedChangesOptions {
  readonly feed: ChangeFeed
  readonly audit: AuditLog
  readonly clock: Clock
  /** Of the service `audit`. */
  readonly logger: Logger
}

/** Follows how far every change of the database has its record. */
export interface RecordedChanges {
  /** Notes that all have theirs: nothing is changed any more. */
  close(): Promise<void>
}

/**
 * A change is in the database before its record is in the audit log; by then it is there, whatever was waited for: a database
 * that says nothing for 30 seconds has failed.
 *
 * @limit none: changes of this time before a gateway was killed are told at the next start, whether they have records or not
 */
const recordedAfterMs = 60_000
/** A log shows a hundred entries of a list. */
const changesPerRecord = 50

/** What leaves a record where it is changed. */
const isRecorded: Readonly<Record<Change['kind'], boolean>> = {
  session: true,
  'service-account': true,
  'named-tunnel': true,
  'publish-credential': true,
  'signing-key': true,
  'access-document': true,
  'access-request': true,
  'blocked-person': true,
  'acme-record': false,
  'provider-logout': false,
  'scim-user': true,
  'scim-group': true,
  account: true,
}

/**
 * Says which changes were made in the last moments of a gateway that was killed: one of them may be without a record of its own,
 * and who asked for it with it. From then on notes, now and then, how far all have theirs. Call it before anything is changed.
 */
export async function followRecordedChanges(
  options: RecordedChangesOptions,
): Promise<RecordedChanges> {
  const { feed, audit, clock } = options
  let heard = await tellUnrecorded(options)
  /** What was heard when it was looked last. */
  let before = heard
  let noted = heard
  let due: Disposable | undefined
  let noting = Promise.resolve()

  /** Where it fails, as of a database that is lost, more is told after a kill than need be: it never rejects. */
  async function note(revision: number): Promise<void> {
    try {
      await audit.flushed()
      if (revision === noted) return
      await feed.noteRecorded(revision)
      noted = revision
    } catch {}
  }

  function look(): void {
    due = undefined
    const revision = before
    before = heard
    noting = noting.then(() => note(revision))
    if (before !== revision) wait()
  }

  function wait(): void {
    due ??= clock.schedule(recordedAfterMs, look)
  }

  const following = feed.onChanges((changes) => {
    heard = changes.at(-1)?.revision ?? heard
    wait()
  })
  return {
    async close() {
      following[Symbol.dispose]()
      due?.[Symbol.dispose]()
      await noting
      await note(heard)
    },
  }
}

/** Resolves to how far it has told. */
async function tellUnrecorded({ feed, audit, logger }: RecordedChangesOptions): Promise<number> {
  const since = await feed.recordedUpTo()
  const found: string[] = []
  let revision = since ?? 0
  for (let isMore = true; isMore;) {
    const batch = await feed.changes(revision)
    const last = batch.changes.at(-1)?.revision ?? batch.revision
    isMore = last < batch.revision && since !== undefined
    revision = since === undefined ? batch.revision : last
    found.push(...batch.changes.filter(leavesRecord).map(inWords))
  }
  // A database of a release that noted nothing: nobody knows.
  if (since !== undefined && found.length > 0) {
    const event = 'changes before an end without notice'
    for (let at = 0; at < found.length; at += changesPerRecord) {
      const details = { changes: found.slice(at, at + changesPerRecord) }
      audit.record({ kind: 'admin', event, details }, () => logger.warn(event, details))
    }
  }
  await audit.flushed()
  if (revision !== since) await feed.noteRecorded(revision)
  return revision
}

function leavesRecord({ kind, change }: Change): boolean {
  return isRecorded[kind] && change !== 'kept'
}

function inWords({ kind, id, change, reason }: Change): string {
  return [kind, id, change, ...(reason === undefined ? [] : [reason])].join(' ')
}
