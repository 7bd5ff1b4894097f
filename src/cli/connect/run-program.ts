import { spawn, type ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { SystemError, messageOf, systemCode } from '../../errors.ts'
import { isStandardInputTerminal, isTerminal, settleOutputs } from '../../standard-output.ts'
import type { Environment } from '../process/environment.ts'

/** A program with the terminal, the files and the folder of this one. */
export interface ProgramCall {
  /** A path, or a name that is looked for as a shell does. */
  readonly file: string
  readonly args: readonly string[]
  readonly env: Environment
}

/** How it ended. */
export type ProgramEnd = { readonly code: number } | { readonly signal: NodeJS.Signals }

/** Passed on, whoever sent them. */
const passedOn: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP']
/** What a terminal sends to the whole group of processes in front of it: the program has it already. */
const fromTerminal: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT']

/**
 * Runs a program to its end; what ends programs is for it to obey, and it is waited for. Its words are never read by a
 * shell.
 *
 * @throws SystemError `program-missing` or `program-unusable`
 */
export async function runProgram({ file, args, env }: ProgramCall): Promise<ProgramEnd> {
  let child: ChildProcess | undefined
  const pass = (signal: NodeJS.Signals): void => void child?.kill(signal)
  const hasTerminal = isStandardInputTerminal() || isTerminal(1) || isTerminal(2)
  const stay = (): void => undefined
  const listeners = [
    ...passedOn.map((name) => [name, pass] as const),
    ...fromTerminal.map((name) => [name, hasTerminal ? stay : pass] as const),
  ]
  // Before the program is there: it may already run while `spawn` has not come back, and a signal would end us alone.
  for (const [name, listener] of listeners) process.on(name, listener)
  try {
    return await new Promise<ProgramEnd>((resolve, reject) => {
      child = spawn(file, args, { stdio: 'inherit', env: present(env) })
      child.once('error', (error) => reject(startError(file, error)))
      child.once('exit', (code, signal) =>
        resolve(signal === null ? { code: code ?? 1 } : { signal }),
      )
    })
  } finally {
    for (const [name, listener] of listeners) process.off(name, listener)
  }
}

/** Variables that are taken away are not there at all. */
function present(env: Environment): Record<string, string> {
  const entries = Object.entries(env)
  return Object.fromEntries(
    entries.filter((each): each is [string, string] => each[1] !== undefined),
  )
}

function startError(file: string, cause: Error): SystemError {
  const isMissing = systemCode(cause) === 'ENOENT'
  if (!isMissing) {
    return new SystemError('program-unusable', `cannot run "${file}": ${messageOf(cause)}`, {
      cause,
    })
  }
  return new SystemError('program-missing', `there is no program "${file}" on this machine`, {
    cause,
    hint: 'check its name, or install it',
  })
}

/** Signals by which a shell's loop learns that it is to end, too. */
const handedUp: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGTERM', 'SIGHUP'])

/**
 * Ends this process as its program has ended: by the same code, or the same signal, which a shell tells apart from a code
 * (https://www.cons.org/cracauer/sigint.html). Answers the code where it is none of those.
 */
export async function endAs(end: ProgramEnd): Promise<number> {
  if ('code' in end) return end.code
  const code = 128 + constants.signals[end.signal]
  if (process.platform === 'win32' || !handedUp.has(end.signal)) return code
  await settleOutputs(code, settleMs)
  process.kill(process.pid, end.signal)
  return code
}

/** How long the end waits for a slow reader of what was said, in milliseconds. */
const settleMs = 500
