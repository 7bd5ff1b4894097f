import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { messageOf, systemCode } from '../errors.ts'
import type { Logger } from '../log.ts'
import { within } from '../shutdown.ts'
import { identityAt, openChecked, Unusable, type CheckedFile } from './checked-file.ts'
import { checksumsName, parseChecksums } from './checksums.ts'
import { newestOfEach, parseExecutable, type Executable } from './executable.ts'
import type { DownloadsSource } from './source.ts'

/**
 * How soon a change of the directory is noticed, in milliseconds: so often it is looked at, and only when somebody
 * asks.
 *
 * @limit none: a change of the directory of `downloads` shows so much later
 */
const lookEveryMs = 10_000

/** Longest wait for a look, in milliseconds: then what is known is answered. */
const lookWaitMs = 5_000

/** @limit `SHA256SUMS` of `downloads`, in bytes: nothing is handed out */
const maxChecksumsBytes = 64 * 1024

/** The newest executable for a system, as it is shown. */
export interface OfferedExecutable extends Executable {
  readonly name: string
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

/** What is handed out. */
export interface Offer {
  /** Every file, by its name. */
  readonly files: ReadonlyMap<string, CheckedFile>
  /** The newest for each system. */
  readonly executables: readonly OfferedExecutable[]
  /** The page of the operator's own, where there is one. */
  readonly page: string | undefined
}

/** The executables that the gateway hands out. */
export interface Downloads {
  /** What there is now: files whose content was what `SHA256SUMS` says, and no others. Never rejects. */
  offer(): Promise<Offer>
  /** From now on these; undefined for none. */
  follow(source: DownloadsSource | undefined): void
  close(): void
}

export interface DownloadsOptions {
  readonly clock: Clock
  readonly logger: Logger
}

const nothing: Offer = { files: new Map(), executables: [], page: undefined }

/** Follows a directory: its files are checked in the background, each once. */
export function createDownloads(
  first: DownloadsSource | undefined,
  { clock, logger }: DownloadsOptions,
): Downloads {
  let source: DownloadsSource | undefined
  let offer = nothing
  let look: { readonly of: DownloadsSource; readonly done: Promise<void> } | undefined
  let lookedAtMs = -Infinity
  /** What was said of it last, so that it is said once. */
  let said: readonly string[] = []

  function take(next: Offer): void {
    const kept = new Set(next.files.values())
    for (const file of offer.files.values()) if (!kept.has(file)) file.retire()
    offer = next
  }

  async function lookAt(directory: string, of: DownloadsSource): Promise<void> {
    const found = await readDirectory(directory, offer.files)
    // Something else is followed meanwhile, or the same anew.
    if (of !== source) {
      for (const file of found.files.values())
        if (offer.files.get(file.name) !== file) file.retire()
      return
    }
    look = undefined
    lookedAtMs = clock.now()
    const hasChanged = !isSame(found.files, offer.files)
    if (hasChanged) take(offerOf(found.files))
    const known = new Set(said)
    said = found.faults.map(keyOf)
    for (const fault of found.faults.filter((each) => !known.has(keyOf(each))))
      logger.warn('a download is not handed out', { directory, ...fault })
    if (!hasChanged) return
    const versions = [...new Set(offer.executables.map(({ version }) => version))]
    logger.info('downloads are handed out', { directory, files: found.files.size, versions })
  }

  function lookWhenDue(): Promise<void> | undefined {
    if (source === undefined || 'page' in source) return undefined
    if (look?.of === source) return look.done
    if (clock.now() - lookedAtMs < lookEveryMs) return undefined
    look = { of: source, done: lookAt(source.directory, source) }
    return look.done
  }

  function follow(next: DownloadsSource | undefined): void {
    lookedAtMs = -Infinity
    const isSameSource = JSON.stringify(next) === JSON.stringify(source)
    // Another object, so that a look that began before does not count.
    source = next && { ...next }
    if (!isSameSource) {
      said = []
      take(next !== undefined && 'page' in next ? { ...nothing, page: next.page } : nothing)
    }
    void lookWhenDue()
  }

  follow(first)
  return {
    async offer() {
      const looking = lookWhenDue()
      if (looking !== undefined) await within(lookWaitMs, looking)
      return offer
    },
    follow,
    close: () => follow(undefined),
  }
}

interface Fault {
  readonly file: string
  readonly why: string
}

interface ReadDirectory {
  readonly files: ReadonlyMap<string, CheckedFile>
  readonly faults: readonly Fault[]
}

/** The files that the checksums name and tell the truth of; those that have not changed are taken from `known`. Never rejects. */
async function readDirectory(
  directory: string,
  known: ReadonlyMap<string, CheckedFile>,
): Promise<ReadDirectory> {
  const files = new Map<string, CheckedFile>()
  const faults: Fault[] = []
  const fault = (file: string, why: string): void => void faults.push({ file, why })
  try {
    const checksums = parseChecksums(await readChecksums(directory))
    for (const why of checksums.faults) fault(checksumsName, why)
    for (const [name, sha256] of checksums.byName) {
      const same = known.get(name)
      const isSame =
        same?.sha256 === sha256 && same.identity === (await identityAt(directory, name))
      try {
        files.set(name, isSame ? same : await openChecked(directory, name, sha256))
      } catch (error) {
        fault(name, messageOf(error))
      }
    }
  } catch (error) {
    fault(checksumsName, messageOf(error))
  }
  return { files, faults }
}

async function readChecksums(directory: string): Promise<string> {
  const path = join(directory, checksumsName)
  try {
    // Asked first: opening a pipe waits for whoever writes to it.
    if (!(await stat(path)).isFile()) throw new Unusable('it is no regular file')
    await using handle = await open(path)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(maxChecksumsBytes + 1))
    if (bytesRead <= maxChecksumsBytes) return buffer.toString('utf8', 0, bytesRead)
    throw new Unusable(`it is larger than ${maxChecksumsBytes} bytes`)
  } catch (error) {
    throw systemCode(error) === 'ENOENT' ? new Unusable('there is no such file') : error
  }
}

function offerOf(files: ReadonlyMap<string, CheckedFile>): Offer {
  const executables = [...files.values()].flatMap(({ name, bytes, sha256 }) => {
    const executable = parseExecutable(name)
    return executable === undefined ? [] : [{ ...executable, name, bytes, sha256 }]
  })
  return { files, executables: newestOfEach(executables), page: undefined }
}

function isSame(
  one: ReadonlyMap<string, CheckedFile>,
  other: ReadonlyMap<string, CheckedFile>,
): boolean {
  return one.size === other.size && [...one].every(([name, file]) => other.get(name) === file)
}

function keyOf({ file, why }: Fault): string {
  return `${file}\n${why}`
}
