import { mkdir, rm } from 'node:fs/promises'
import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { oneByOne } from '../../one-by-one.ts'
import type { AuditFiles } from './audit-files.ts'
import type { ChainHead } from './chain.ts'
import { formatCheckpoint } from './checkpoint.ts'
import { checkpointOf, keysOf, latestCheckpoint } from './latest-checkpoint.ts'
import { appendNote, checkpointFile, listCheckpointFiles, noteVerifierKeys } from './note-files.ts'
import type { NoteSigner } from './note-signer.ts'
import { auditBounds, firstKeptDay } from './retention.ts'

/** Says now and then, signed, how far the series have come. */
export interface Checkpoints {
  /** Signs from now on; before that there is none. */
  begin(): void
  /** Some more entries are kept. */
  wrote(entries: number): void
  /** Makes another one when something was kept since the last; resolves to the last there is. */
  sign(): Promise<string | undefined>
  /** Makes the last one. */
  close(): Promise<void>
}

export interface CheckpointOptions {
  readonly directory: string
  readonly files: Pick<AuditFiles, 'heads'>
  /** Undefined as long as nobody can sign. */
  signer(): NoteSigner | undefined
  readonly clock: Clock
  /** Of the service `audit`. */
  readonly logger: Logger
  readonly maxAgeDays?: number
}

/** What a checkpoint may leave out: so long, in milliseconds, and so many entries. */
const checkpointAfterMs = 300_000
const checkpointAfterEntries = 10_000

export function createCheckpoints(options: CheckpointOptions): Checkpoints {
  const { directory, files, clock, logger, maxAgeDays = auditBounds.maxAgeDays } = options
  const inTurn = oneByOne()
  let due: Disposable | undefined
  /** Entries since the last checkpoint; some before this process, perhaps. */
  let entries = 1
  let isFailing = false
  /** The last that was written here: what others put beside it is none. */
  let own: string | undefined

  const latest = async (): Promise<string | undefined> =>
    own ?? latestCheckpoint(directory, await keysOf(options.signer()))

  async function write(by: NoteSigner): Promise<void> {
    const time = new Date(clock.now()).toISOString()
    // What is signed is on the disk: a power cut must not make a lie of it.
    const heads = await files.heads()
    if (isKnown(heads, await latest())) return
    const { note, verifierKeys } = await by.sign(
      formatCheckpoint({ origin: by.origin, time, heads }),
    )
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await noteVerifierKeys(directory, verifierKeys)
    await appendNote(checkpointFile(directory, time.slice(0, 10)).path, note)
    own = note
    await removeOld(directory, firstKeptDay(clock.now(), maxAgeDays))
  }

  async function trySign(): Promise<void> {
    due?.[Symbol.dispose]()
    due = undefined
    const signer = options.signer()
    if (signer === undefined || entries === 0) return
    const before = entries
    entries = 0
    try {
      await write(signer)
      if (isFailing) logger.warn('audit checkpoints are written again')
      isFailing = false
    } catch (error) {
      if (!isFailing) logger.error('no audit checkpoint is written', { error: messageOf(error) })
      isFailing = true
      entries += before
      arm()
    }
  }

  function arm(): void {
    due ??= clock.schedule(checkpointAfterMs, () => void inTurn(trySign))
  }

  return {
    begin: arm,
    wrote(more) {
      const isTime =
        Math.floor((entries + more) / checkpointAfterEntries) >
        Math.floor(entries / checkpointAfterEntries)
      entries += more
      if (isTime) void inTurn(trySign)
      else arm()
    },
    sign: () =>
      inTurn(async () => {
        await trySign()
        return latest()
      }),
    async close() {
      await inTurn(trySign)
      due?.[Symbol.dispose]()
    },
  }
}

/** Whether a checkpoint says the same already. */
function isKnown(heads: ReadonlyMap<string, ChainHead>, last: string | undefined): boolean {
  const said = last === undefined ? undefined : checkpointOf(last)?.heads
  return [...heads].every(([series, { seq, hash }]) =>
    said === undefined ? seq === 0 : said.get(series)?.hash === hash,
  )
}

async function removeOld(directory: string, firstDay: string): Promise<void> {
  const oldest = checkpointFile(directory, firstDay).name
  for (const { name, path } of await listCheckpointFiles(directory))
    if (name < oldest) await rm(path, { force: true })
}
