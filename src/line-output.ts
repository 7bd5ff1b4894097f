import { constants, fstatSync, openSync, write, writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import { systemCode } from './errors.ts'

/** Lines on their way to a reader who may read slowly, not at all, or be gone. */
export interface LineOutput {
  /** Takes whole lines, each with its line feed. Never waits and never throws. */
  write(lines: string): void
  /** How many lines have been dropped so far: no room was left, or nobody is there to read. */
  readonly droppedLines: number
  /** Calls back when lines flow again, with how many were dropped before. */
  onResumed(listener: (droppedLines: number) => void): void
  /** Calls back when lines are lost for good: their reader is gone, or the disk is full. */
  onLost(listener: () => void): void
  /** Resolves when every line has left or was dropped, or else after `limitMs`. */
  settled(limitMs: number): Promise<void>
  /** Whether a thread waits for the reader: then the process cannot end by itself. */
  readonly isStuck: boolean
}

/**
 * Longest queue for one reader, in bytes.
 *
 * @limit log lines that wait for a slow reader: further ones are dropped and counted, tunnels go on
 */
const maxQueuedBytes = 1_048_576
/**
 * What a pipe takes as a whole or not at all, so that no other program's text gets between (PIPE_BUF of
 * Linux, https://man7.org/linux/man-pages/man7/pipe.7.html).
 */
const atomicBytes = 4_096
/** How often a full pipe is tried again, in milliseconds. */
const [firstRetryMs, lastRetryMs] = [10, 100]
/** `setTimeout` fires at once beyond it. */
const longestDelayMs = 2 ** 31 - 1

interface Queued {
  readonly bytes: Buffer
  readonly lines: number
}

/**
 * Opens an output to a descriptor that other programs may share, and changes nothing about it: a flag such
 * as O_NONBLOCK belongs to everything a script writes to the same pipe, not to one of its programs.
 */
export function openLineOutput(descriptor: number): LineOutput {
  const queue: Queued[] = []
  let queuedBytes = 0
  /** Of the first of the queue, those that have left. */
  let leftBytes = 0
  let way: Way | undefined
  let isBusy = false
  /** Whether the last line that left is without its end. */
  let isTorn = false
  let retryMs = firstRetryMs
  let droppedLines = 0
  /** Those of which the reader has not been told. */
  let untoldLines = 0
  let sayResumed: (droppedLines: number) => void = () => undefined
  let sayLost = (): void => undefined
  const waiting = new Set<() => void>()

  function pump(): void {
    while (!isBusy && queue.length > 0) {
      isBusy = true
      let isLater = false
      const done: Done = (error, writtenBytes) => {
        isBusy = false
        if (error === null) took(writtenBytes)
        else failed(error)
        if (isLater) pump()
      }
      try {
        way ??= openWay(descriptor)
        way.send(nextBytes(queue, leftBytes), done)
      } catch (error) {
        done(error instanceof Error ? error : new Error('cannot write'), 0)
      }
      isLater = true
    }
    if (queue.length === 0) for (const wake of waiting) wake()
  }

  function took(writtenBytes: number): void {
    retryMs = firstRetryMs
    leftBytes += writtenBytes
    queuedBytes -= writtenBytes
    let whole = 0
    for (const { bytes } of queue) {
      if (leftBytes < bytes.length) break
      leftBytes -= bytes.length
      whole += 1
    }
    queue.splice(0, whole)
    if (untoldLines === 0 || queuedBytes > maxQueuedBytes / 2) return
    const lines = untoldLines
    untoldLines = 0
    sayResumed(lines)
  }

  function failed(error: Error): void {
    if (systemCode(error) === 'EAGAIN') {
      isBusy = true
      setTimeout(tryAgain, retryMs).unref()
      retryMs = Math.min(retryMs * 2, lastRetryMs)
      return
    }
    // The reader is gone, or the disk is full. What comes next is tried again.
    isTorn ||= leftBytes > 0
    drop(queue.splice(0).reduce((sum, { lines }) => sum + lines, 0))
    queuedBytes = 0
    leftBytes = 0
    sayLost()
  }

  function tryAgain(): void {
    isBusy = false
    pump()
  }

  function push(text: string): void {
    const bytes = Buffer.from(text)
    const lines = text.split('\n').length - 1
    if (queuedBytes + bytes.length > maxQueuedBytes) return drop(lines)
    queuedBytes += bytes.length
    queue.push({ bytes, lines })
  }

  function drop(lines: number): void {
    droppedLines += lines
    untoldLines += lines
  }

  return {
    write(lines) {
      push(isTorn ? `\n${lines}` : lines)
      isTorn = false
      pump()
    },
    get droppedLines() {
      return droppedLines
    },
    onResumed: (listener) => void (sayResumed = listener),
    onLost: (listener) => void (sayLost = listener),
    async settled(limitMs) {
      if (queue.length === 0) return
      await new Promise<void>((resolve) => {
        const end = (): void => {
          clearTimeout(timer)
          waiting.delete(end)
          resolve()
        }
        const timer = setTimeout(end, Math.min(limitMs, longestDelayMs))
        waiting.add(end)
      })
    },
    get isStuck() {
      return isBusy && way?.isThread === true
    },
  }
}

/** The rest of a line that was begun, or as many whole lines as leave in one piece. */
function nextBytes(queue: readonly Queued[], leftBytes: number): Buffer {
  const together: Buffer[] = []
  let totalBytes = -leftBytes
  for (const { bytes } of queue) {
    totalBytes += bytes.length
    if (together.length > 0 && (leftBytes > 0 || totalBytes > atomicBytes)) break
    together.push(bytes)
  }
  const [first] = together
  return first !== undefined && together.length === 1
    ? first.subarray(leftBytes)
    : Buffer.concat(together)
}

type Done = (error: Error | null, writtenBytes: number) => void

/** One way to write without waiting. */
interface Way {
  /** Calls back later, or at once, or throws. */
  readonly send: (bytes: Buffer, done: Done) => void
  /** Whether a thread is occupied until the reader has read. */
  readonly isThread: boolean
}

/**
 * On a pipe or terminal an open file description of our own, which never waits: Linux opens anew what
 * stands behind `/proc/self/fd`. For everything else (sockets, such as journald's; files, where two
 * descriptions would write over each other; pipes of another user; other systems) a thread of libuv's
 * waits instead, one of its four.
 *
 * @throws ENXIO for a pipe that nobody reads
 */
function openWay(descriptor: number): Way {
  const own = openOwn(descriptor)
  return own === undefined
    ? { send: (bytes, done) => write(descriptor, bytes, done), isThread: true }
    : { send: (bytes, done) => done(null, writeSync(own, bytes)), isThread: false }
}

function openOwn(descriptor: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  if (!fstatSync(descriptor).isFIFO() && !isatty(descriptor)) return undefined
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants
  try {
    return openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK | O_NOCTTY)
  } catch (error) {
    if (systemCode(error) === 'ENXIO') throw error
    return undefined
  }
}
