import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import { fingerprintOf } from './config/files.ts'

/** Files by absolute path, with a fingerprint of what each held when it was read. */
export type KnownFiles = ReadonlyMap<string, string>

export interface FileWatch extends Disposable {
  /** Watches these files from now on; one that holds something else already counts as changed. */
  follow(files: KnownFiles): void
}

/** Editors write in several steps, and a deployment swaps several files: wait for the last of them. */
const settleMs = 200

/**
 * Calls back when the content of a file is another than the one known. The directories are watched,
 * not the files: editors and Kubernetes replace a file by renaming another one over it.
 */
export function watchFiles(onChange: () => void): FileWatch {
  const watchers = new Map<string, FSWatcher>()
  let known: KnownFiles = new Map()
  let timer: NodeJS.Timeout | undefined

  function check(): void {
    const now = new Map([...known.keys()].map((path) => [path, fingerprint(path)]))
    if ([...known].every(([path, content]) => now.get(path) === content)) return
    // Once for each change, also when what it brings cannot be used.
    known = now
    onChange()
  }

  function touched(): void {
    clearTimeout(timer)
    timer = setTimeout(check, settleMs).unref()
  }

  function open(directory: string): void {
    try {
      // A directory that goes away ends its watch; SIGHUP still reloads.
      const onLost = (): void => close(directory)
      watchers.set(directory, watch(directory, { persistent: false }, touched).on('error', onLost))
    } catch {
      // Not watchable (a file system without events, no watches left): SIGHUP still reloads.
    }
  }

  function close(directory: string): void {
    watchers.get(directory)?.close()
    watchers.delete(directory)
  }

  return {
    follow(files) {
      known = files
      const wanted = new Set([...files.keys()].map((path) => dirname(path)))
      const unwanted = [...watchers.keys()].filter((path) => !wanted.has(path))
      for (const directory of unwanted) close(directory)
      for (const directory of wanted) if (!watchers.has(directory)) open(directory)
      // What was written while the files were being read has had its event already.
      touched()
    },
    [Symbol.dispose]() {
      clearTimeout(timer)
      for (const directory of watchers.keys()) close(directory)
    },
  }
}

function fingerprint(path: string): string {
  try {
    return fingerprintOf(readFileSync(path))
  } catch {
    return fingerprintOf(undefined)
  }
}
