import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { spawnProgram, type ProgramOptions } from '../../src/program.fixture.ts'
import type { Scope } from '../e2e/scope.ts'

/** A program whose words are read, and of which the last are kept: it may say more than fits into memory. */
export interface Watched {
  readonly pid: number
  /** Lines so far. */
  readonly lines: number
  /** The first lines of a log that are errors. */
  readonly errors: readonly string[]
  /** Resolves to the next line that has this in it; rejects when the program ends. */
  says(words: string): Promise<string>
  signal(name: NodeJS.Signals): void
  /** Throws where it has ended. */
  checkAlive(): void
  /** How many files, sockets and the like it has open. */
  descriptors(): number
}

/** Of its words, in lines. */
const keptLines = 100
const keptErrors = 20
/** One that does not end when asked is killed after this, in milliseconds. */
const killAfterMs = 10_000

export function startWatched(
  scope: Scope,
  command: string,
  args: readonly string[],
  options: Omit<ProgramOptions, 'stdio'>,
): Watched {
  const child = spawnProgram(command, args, options)
  const pid = child.pid ?? -1
  const last: string[] = []
  const errors: string[] = []
  const waiting = new Map<(line: string) => void, string>()
  let lines = 0
  let ending: string | undefined
  const take = (line: string): void => {
    lines += 1
    last.push(line)
    if (last.length > keptLines) last.shift()
    if (line.startsWith('{"level":"error"') && errors.length < keptErrors) errors.push(line)
    for (const [tell, words] of waiting) if (line.includes(words)) tell(line)
  }
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', take)
  const ended = once(child, 'exit').then(([code, signal]) => {
    ending = `it ended with ${String(code ?? signal)}: ${last.slice(-10).join('\n')}`
    return Promise.reject(new Error(ending))
  })
  ended.catch(() => undefined)
  scope.witness('the gateway', () => last.join('\n'))
  scope.defer(async () => {
    if (ending !== undefined) return
    const killing = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    child.kill('SIGTERM')
    await ended.catch(() => undefined)
    clearTimeout(killing)
  })
  return {
    pid,
    get lines() {
      return lines
    },
    errors,
    says(words) {
      const { promise, resolve } = Promise.withResolvers<string>()
      waiting.set(resolve, words)
      return Promise.race([promise, ended]).finally(() => waiting.delete(resolve))
    },
    signal: (name) => void child.kill(name),
    checkAlive() {
      if (ending !== undefined) throw new Error(ending)
    },
    descriptors: () => readdirSync(`/proc/${pid}/fd`).length,
  }
}
