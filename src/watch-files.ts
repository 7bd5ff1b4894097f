import { type FSWatcher, lstatSync, readlinkSync, watch } from 'node:fs'
import { join, parse, resolve, sep } from 'node:path'
import { fingerprintNow } from './files.ts'

/** Files by absolute path, with a fingerprint of what each held when it was read. */
export type KnownFiles = ReadonlyMap<string, string>

export interface FileWatch extends Disposable {
  /** Watches these files from now on; one that holds something else already counts as changed. */
  follow(files: KnownFiles): void
}

/** Editors write in several steps, and a deployment swaps several files: wait for the last of them. */
const settleMs = 200
/**
 * Where something else is written all the time, such as a log beside the file, there is no last one.
 *
 * @limit time in which a changed file is noticed while others beside it are written: it is read then
 */
const maxSettleMs = 600
/**
 * As many as Linux follows in one path.
 *
 * @limit symbolic links on the way to a file of the configuration: what lies behind them is not watched
 */
const maxLinks = 40

interface Watched {
  readonly watcher: FSWatcher
  readonly identity: string
}

/**
 * Calls back when the content of a file is another than the one known. The directories are watched,
 * not the files: editors and Kubernetes replace a file by renaming another one over it.
 */
export function watchFiles(onChange: () => void): FileWatch {
  const watched = new Map<string, Watched>()
  let known: KnownFiles = new Map()
  let timer: NodeJS.Timeout | undefined
  let touchedMs: number | undefined
  let isDisposed = false

  function check(): void {
    touchedMs = undefined
    // Before the files are read: what changes after that has an event.
    watchDirectories()
    const now = new Map([...known.keys()].map((path) => [path, fingerprintNow(path)]))
    if ([...known].every(([path, content]) => now.get(path) === content)) return
    // Once for each change, also when what it brings cannot be used.
    known = now
    onChange()
  }

  function touched(): void {
    const nowMs = performance.now()
    touchedMs ??= nowMs
    const delayMs = Math.min(settleMs, Math.max(touchedMs + maxSettleMs - nowMs, 0))
    clearTimeout(timer)
    timer = setTimeout(check, delayMs).unref()
  }

  /** Again at every event: a directory may have been replaced, and a link may lead elsewhere now. */
  function watchDirectories(): void {
    const wanted = new Set([...known.keys()].flatMap((path) => directoriesOn(path)))
    for (const [directory, { identity }] of watched) {
      if (!wanted.has(directory) || identity !== identityOf(directory)) close(directory)
    }
    for (const directory of wanted) if (!watched.has(directory)) open(directory)
  }

  function open(directory: string): void {
    try {
      const identity = identityOf(directory)
      const watcher = watch(directory, { persistent: false }, touched)
      // A directory that cannot be watched any longer; SIGHUP still reloads.
      watched.set(directory, { watcher: watcher.on('error', () => close(directory)), identity })
    } catch {
      // Not watchable (a file system without events, no watches left): SIGHUP still reloads.
    }
  }

  function close(directory: string): void {
    watched.get(directory)?.watcher.close()
    watched.delete(directory)
  }

  return {
    follow(files) {
      // A reload that was under way at the end has nothing left to reload.
      if (isDisposed) return
      known = files
      watchDirectories()
      // What was written while the files were being read has had its event already.
      touched()
    },
    [Symbol.dispose]() {
      isDisposed = true
      clearTimeout(timer)
      for (const directory of watched.keys()) close(directory)
    },
  }
}

/**
 * Where a change can make another file of a path: the directory of the file and that of every link on
 * the way to it; of what is not there, the nearest one that is.
 */
function directoriesOn(path: string, linksLeft = maxLinks): readonly string[] {
  const { root } = parse(path)
  const names = path.slice(root.length).split(sep)
  let directory = root
  for (const [index, name] of names.entries()) {
    const next = join(directory, name)
    const target = linkTarget(next)
    if (target === nothing) return [directory]
    if (target !== undefined) {
      const followed = resolve(directory, target, ...names.slice(index + 1))
      return [directory, ...(linksLeft === 0 ? [] : directoriesOn(followed, linksLeft - 1))]
    }
    if (index < names.length - 1) directory = next
  }
  return [directory]
}

const nothing = Symbol('nothing')

/** Where a link leads; undefined for what is no link. */
function linkTarget(path: string): string | typeof nothing | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined
  } catch {
    return nothing
  }
}

/** Tells a directory from another one that took its name. */
function identityOf(directory: string): string {
  try {
    const { dev, ino } = lstatSync(directory)
    return `${dev}:${ino}`
  } catch {
    return ''
  }
}
