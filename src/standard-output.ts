// What this process writes to its standard output and error, past the streams of `process`: these change
// descriptors that others share (`standard-streams.ts`).

import { existsSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import { SystemError, messageOf, systemCode } from './errors.ts'
import { openLineOutput, type LineOutput } from './line-output.ts'

export type StandardDescriptor = 1 | 2

const outputs = new Map<StandardDescriptor, LineOutput>()

/** The way for everything that must not hold up the process: logs, and what a program says meanwhile. */
export function standardOutput(descriptor: StandardDescriptor): LineOutput {
  const output = outputs.get(descriptor) ?? openLineOutput(descriptor)
  outputs.set(descriptor, output)
  return output
}

/** Whether it leads to a terminal. */
export function isTerminal(descriptor: StandardDescriptor): boolean {
  return isatty(descriptor)
}

/** Whether standard input is one. */
export function isStandardInputTerminal(): boolean {
  return isatty(0)
}

/**
 * The width of a terminal in columns; undefined where there is none. Here alone a stream of Node's is
 * touched: it opens a terminal anew for itself.
 */
export function terminalColumns(descriptor: StandardDescriptor): number | undefined {
  if (!isatty(descriptor)) return undefined
  return descriptor === 1 ? process.stdout.columns : process.stderr.columns
}

/** How long a full pipe is left alone, in milliseconds. */
const retryMs = 5

/**
 * Writes a command's result to standard output and waits until its reader has taken it, however long
 * that takes: a result that lacks its end is worse than none. Answers whether somebody still reads: a
 * reader may have left on purpose, as `head` does.
 *
 * @throws SystemError `output-failed`, as for a full disk
 */
export function writeResult(text: string): boolean {
  const bytes = Buffer.from(text)
  for (let writtenBytes = 0; writtenBytes < bytes.length;) {
    try {
      writtenBytes += writeSync(1, bytes, writtenBytes)
    } catch (error) {
      const code = systemCode(error)
      if (code === 'EPIPE') return false
      if (code !== 'EAGAIN') throw outputFailed(error)
      // Another program has made it non-blocking.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs)
    }
  }
  return true
}

function outputFailed(cause: unknown): SystemError {
  const text = `standard output cannot be written: ${messageOf(cause)}`
  return new SystemError('output-failed', text, {
    hint: 'see to the space and the permissions of what it leads to',
    cause,
  })
}

/**
 * Waits for the readers of what was said, for `limitMs` at most, and lets the process end with this code.
 *
 * Where a thread waits for a reader, the process would wait for that thread at its end, perhaps for ever.
 * Then another program takes its place, which ends at once with the same code: no thread survives that.
 */
export async function settleOutputs(exitCode: number, limitMs: number): Promise<void> {
  process.exitCode = exitCode
  await Promise.all([...outputs.values()].map((output) => output.settled(limitMs)))
  if ([...outputs.values()].some(({ isStuck }) => isStuck)) replaceProcess(exitCode)
}

/** How long a process that ends at once waits for slow readers, in milliseconds. */
const endWaitMs = 500

/**
 * Ends the process, whatever it is doing, as soon as its last words are read, or soon after. Not even
 * `process.exit` does so during a look-up of a name: libuv joins its threads at the end, and `getaddrinfo`
 * waits for a resolver that is away for 10 s and more.
 */
export async function exitProcess(exitCode: number): Promise<never> {
  await settleOutputs(exitCode, endWaitMs)
  if (process.getActiveResourcesInfo().includes('GetAddrInfoReqWrap')) replaceProcess(exitCode)
  process.exit(exitCode)
}

function replaceProcess(exitCode: number): void {
  const [file, args] = existsSync('/bin/sh')
    ? ['/bin/sh', ['sh', '-c', `exit ${exitCode}`]]
    : [process.execPath, ['node', '-e', `process.exit(${exitCode})`]]
  process.execve?.(file, args, {})
  // Where there is no such call (Windows).
  process.kill(process.pid, 'SIGKILL')
}
