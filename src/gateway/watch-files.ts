import { createHash } from 'node:crypto'
import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { dirname } from 'node:path'

export interface FileWatch extends Disposable {
  /** Watches these files from now on; what they hold now counts as known. */
  follow(paths: readonly string[]): void
}

/** Editors write in several steps, and a deployment swaps several files: wait for the last of them. */
const settleMs = 200

/**
 * Calls back when the content of a file has changed. The directories are watched, not the files:
 * editors and Kubernetes replace a file by renaming another one over it.
 */
export function watchFiles(onChange: () => void): FileWatch {
  const watchers = new Map<string, FSWatcher>()
  let files: readonly string[] = []
  let known = ''
  let timer: NodeJS.Timeout | undefined

  function check(): void {
    const now = fingerprint(files)
    if (now === known) return
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
      const watcher = watch(directory, { persistent: false }, touched).on('error', () =>
        close(directory),
      )
      watchers.set(directory, watcher)
    } catch {
      // Not watchable (a file system without events, no watches left): SIGHUP still reloads.
    }
  }

  function close(directory: string): void {
    watchers.get(directory)?.close()
    watchers.delete(directory)
  }

  return {
    follow(paths) {
      files = paths
      known = fingerprint(files)
      const wanted = new Set(paths.map((path) => dirname(path)))
      for (const directory of [...watchers.keys()].filter((path) => !wanted.has(path)))
        close(directory)
      for (const directory of [...wanted].filter((path) => !watchers.has(path))) open(directory)
    },
    [Symbol.dispose]() {
      clearTimeout(timer)
      for (const directory of watchers.keys()) close(directory)
    },
  }
}

function fingerprint(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const path of files) {
    hash.update(`${path}\0`)
    try {
      hash.update(readFileSync(path))
    } catch {
      hash.update('unreadable')
    }
  }
  return hash.digest('hex')
}
