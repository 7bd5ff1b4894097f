import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { spawnProgram } from '../../src/program.fixture.ts'
import type { Scope } from './scope.ts'
import { watchChild } from './secrets/children.ts'

export interface ChildOptions {
  /** Added to what every program under test is given. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
  /** What asks the program to end. **Default:** SIGTERM */
  readonly endSignal?: NodeJS.Signals
}

/** How a process ended: its exit code, or the signal that ended it. */
export type Ending = number | NodeJS.Signals

/** A program that runs until its scope ends, with everything it has said. */
export interface Child {
  readonly pid: number
  readonly stdin: Writable
  readonly stdout: Readable
  readonly ended: Promise<Ending>
  /** Standard output so far. */
  bytes(): Buffer
  /** Standard output so far, as text. */
  output(): string
  /** Standard error so far. */
  errors(): string
  /** Resolves to the first match in either output; rejects when the program ends without it. */
  says(pattern: RegExp): Promise<RegExpExecArray>
  signal(name: NodeJS.Signals): void
  /** Whether its process is gone. */
  hasEnded(): boolean
}

/** What a program that ran to its end has left. */
export interface Result {
  readonly ending: Ending
  readonly bytes: Buffer
  readonly output: string
  readonly errors: string
}

/** Most of one output that is kept, in bytes; a program that says more is broken. */
const maxOutputBytes = 64 * 1024 * 1024
/** A program that does not end when asked is killed after this, in milliseconds. */
const killAfterMs = 5_000
/** Longest run of a program that ends by itself, and longest wait for its words, in milliseconds. */
const maxWaitMs = 90_000

/** Starts a program; it is ended with the scope by its own process id. */
export function startChild(
  scope: Scope,
  command: string,
  args: readonly string[],
  { endSignal = 'SIGTERM', ...options }: ChildOptions = {},
): Child {
  const process = spawnProgram(command, args, options)
  const said = { stdout: collect(process, 'stdout'), stderr: collect(process, 'stderr') }
  const ended = new Promise<Ending>((resolve, reject) => {
    process.once('error', reject)
    process.once('close', (code, signal) => resolve(code ?? signal ?? -1))
  })
  ended.catch(() => undefined)
  // A program that ends before its input does is judged by its exit code.
  process.stdin.on('error', () => undefined)
  const child: Child = {
    pid: process.pid ?? -1,
    stdin: process.stdin,
    stdout: process.stdout,
    ended,
    bytes: () => Buffer.concat(said.stdout),
    output: () => Buffer.concat(said.stdout).toString(),
    errors: () => Buffer.concat(said.stderr).toString(),
    says: (pattern) => waitForWords(process, child, pattern),
    signal: (name) => void process.kill(name),
    hasEnded: () => process.exitCode !== null || process.signalCode !== null,
  }
  const name = [command.split('/').at(-1), ...args].join(' ').slice(0, 120)
  scope.witness(`${name} (${child.pid})`, () => `${child.errors()}${child.output().slice(-4_000)}`)
  scope.defer(() => endChild(process, ended, endSignal))
  watchChild(scope.secrets, {
    command,
    args,
    cwd: options.cwd ?? '/',
    env: options.env ?? {},
    ended,
    output: child.bytes,
    errors: () => Buffer.concat(said.stderr),
  })
  return child
}

/** Runs a program to its end. Rejects when it takes too long. */
export async function runChild(
  scope: Scope,
  command: string,
  args: readonly string[],
  { input = '', ...options }: ChildOptions & { readonly input?: string | Buffer } = {},
): Promise<Result> {
  const child = startChild(scope, command, args, options)
  child.stdin.end(input)
  const ending = await inTime(child.ended, () => `"${command}" did not end: ${child.errors()}`)
  return { ending, bytes: child.bytes(), output: child.output(), errors: child.errors() }
}

/** Like `runChild`, for a program that must succeed. */
export async function mustRun(
  ...[scope, command, ...rest]: Parameters<typeof runChild>
): Promise<Result> {
  const result = await runChild(scope, command, ...rest)
  if (result.ending === 0) return result
  throw new Error(`"${command}" ended with ${result.ending}: ${result.errors}${result.output}`)
}

/** Rejects when `promise` takes longer than any healthy run. */
export async function inTime<Value>(
  promise: Promise<Value>,
  complaint: () => string,
  limitMs = maxWaitMs,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint()} (${limitMs} ms)`)), limitMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

function collect(process: ChildProcessWithoutNullStreams, name: 'stdout' | 'stderr'): Buffer[] {
  const chunks: Buffer[] = []
  let totalBytes = 0
  process[name].on('data', (chunk: Buffer) => {
    totalBytes += chunk.length
    if (totalBytes > maxOutputBytes) process.kill('SIGKILL')
    else chunks.push(chunk)
  })
  return chunks
}

async function waitForWords(
  process: ChildProcessWithoutNullStreams,
  child: Child,
  pattern: RegExp,
): Promise<RegExpExecArray> {
  const found = new Promise<RegExpExecArray>((resolve) => {
    const look = (): void => {
      const match = pattern.exec(child.errors()) ?? pattern.exec(child.output())
      if (match === null) return
      process.stdout.off('data', look)
      process.stderr.off('data', look)
      resolve(match)
    }
    process.stdout.on('data', look)
    process.stderr.on('data', look)
    look()
  })
  const gone = child.ended.then((ending) => {
    throw new Error(`ended with ${ending} before it said ${pattern}: ${child.errors()}`)
  })
  return inTime(Promise.race([found, gone]), () => `never said ${pattern}: ${child.errors()}`)
}

async function endChild(
  process: ChildProcessWithoutNullStreams,
  ended: Promise<Ending>,
  endSignal: NodeJS.Signals,
): Promise<void> {
  if (process.pid === undefined) return
  const killing = setTimeout(() => process.kill('SIGKILL'), killAfterMs)
  if (process.exitCode === null && process.signalCode === null) {
    const exited = once(process, 'exit')
    process.kill(endSignal)
    await exited
  }
  clearTimeout(killing)
  // A grandchild may hold the outputs open; the program itself is gone.
  process.stdout.destroy()
  process.stderr.destroy()
  await ended
}
