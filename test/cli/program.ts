import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { spawnProgram, type Ended } from '../../src/program.fixture.ts'
import { mainPath, posternCommand } from '../postern-program.ts'

/** How a program ended. */
export type { Ended }

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves to the first match in what stderr says, from its beginning. */
  untilStderr(pattern: RegExp): Promise<RegExpExecArray>
}

export interface RunOptions {
  readonly env?: NodeJS.Dict<string>
  /** Options of Node.js itself, which runs the sources then. */
  readonly nodeArgs?: readonly string[]
}

/** A temporary directory with everything a run may write. */
export async function createSandbox(): Promise<
  AsyncDisposable & { path: string; env: NodeJS.Dict<string> }
> {
  const path = await mkdtemp(join(tmpdir(), 'postern-cli-'))
  const [cache, config] = [join(path, 'cache'), join(path, 'config')]
  const env = { XDG_CACHE_HOME: cache, XDG_CONFIG_HOME: config, NO_COLOR: '1' }
  return { path, env, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Starts `postern`. */
export function startPostern(args: readonly string[], { env, nodeArgs }: RunOptions = {}): Running {
  if (nodeArgs !== undefined) return start(process.execPath, [...nodeArgs, mainPath, ...args], env)
  return start(...posternCommand(...args), env)
}

/** Runs `postern` to its end, with nothing on stdin. */
export async function runPostern(
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  const { child, ended } = startPostern(args, options)
  child.stdin?.end()
  return ended
}

/** Starts any program. */
export function start(
  command: string,
  args: readonly string[],
  env: NodeJS.Dict<string> = {},
): Running {
  const child = spawnProgram(command, args, { env })
  const [stdout, stderr] = [watch(child.stdout), watch(child.stderr)]
  child.stdin.on('error', () => undefined)
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout: stdout.text(),
    stderr: stderr.text(),
  }))
  return { child, ended, untilStderr: stderr.until }
}

function watch(stream: Readable): {
  text: () => string
  until: (pattern: RegExp) => Promise<RegExpExecArray>
} {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  return {
    text: () => text,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(text)
          if (match !== null) resolve(match)
        }
        look()
        stream.on('data', look)
        stream.on('close', () => reject(new Error(`ended without ${pattern}: ${text}`)))
      }),
  }
}
