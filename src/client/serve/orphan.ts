import type { Readable } from 'node:stream'
import { systemCode } from '../../errors.ts'

/** How often to look whether anybody is left, in milliseconds. */
const lookEveryMs = 1_000

/** As early as this file is loaded: later the parent may be another one already. */
const parentPid = process.ppid

export interface OrphanOptions {
  readonly input: Readable
  /** Called once, when nobody is left. */
  readonly onOrphan: () => void
  /** Whether whoever started this process is gone. **Default:** asks the system */
  readonly isParentGone?: () => boolean
}

/**
 * Watches for the end of whoever started this process for its standard input and output, until disposed.
 * `ssh` that is killed sends no signal, and while somebody signs in nothing is written that could fail.
 *
 * The end of the input alone is no sign, since `echo | postern …` is a fair use, nor is another parent,
 * since a shell may leave a pipeline behind. Both together are. That an output has lost its reader only
 * shows when something is written: to open a pipe without a name anew does not fail (fifo(7) is about those
 * with one), and an empty write succeeds.
 */
export function watchForOrphan(options: OrphanOptions): Disposable {
  const { input, onOrphan, isParentGone = hasAnotherParent } = options
  const timer = setInterval(() => {
    if (!input.readableEnded || !isParentGone()) return
    clearInterval(timer)
    onOrphan()
  }, lookEveryMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Windows keeps the number of a parent that has ended. */
function hasAnotherParent(): boolean {
  if (process.platform !== 'win32') return process.ppid !== parentPid
  try {
    process.kill(parentPid, 0)
    return false
  } catch (error) {
    return systemCode(error) !== 'EPERM'
  }
}
