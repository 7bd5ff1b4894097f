import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import { spawnProgram } from '../src/program.fixture.ts'
import type { Order, Result } from './tasks.ts'

const startTimeoutMs = 15_000
/** One task of the generator; more than this means that a tunnel hangs. */
const taskTimeoutMs = 180_000
const stopTimeoutMs = 5_000

/** What runs now: a program that is interrupted must not leave servers behind. */
const running = new Set<ChildProcess>()

/** Ends everything started here. Not SIGKILL: nginx's master would leave its workers behind. */
export function endAll(): void {
  for (const child of running) child.kill('SIGTERM')
}

function track<Child extends ChildProcess>(child: Child): Child {
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** The process that makes the load. */
export interface Generator {
  /** Rejects with the generator's own error, or when the task takes too long. */
  run(order: Order): Promise<Result>
  stop(): Promise<void>
}

/** The command line by which a program runs elsewhere than here. */
export type Launcher = (
  command: string,
  args: readonly string[],
) => readonly [string, readonly string[]]

const here: Launcher = (command, args) => [command, args]

export function startGenerator(launcher = here): Generator {
  const start = () => forkProgram(launcher, 'generator.ts')
  let child = start()
  return {
    async run(order) {
      child.send(order)
      const signal = AbortSignal.timeout(taskTimeoutMs)
      try {
        const [result] = (await once(child, 'message', { signal })) as [Result]
        if (result.error !== undefined) throw new Error(result.error)
        return result
      } catch (error) {
        // Its tunnels are in an unknown state: the next task gets a new process.
        await stop(child)
        child = start()
        throw signal.aborted ? new Error(`not done after ${taskTimeoutMs / 1_000} s`) : error
      }
    },
    stop: () => stop(child),
  }
}

/** Starts the service behind the targets. */
export async function startUpstream(
  launcher = here,
  ...address: string[]
): Promise<{
  port: number
  pid: number
  stop(): Promise<void>
}> {
  const child = forkProgram(launcher, 'upstream.ts', ...address)
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return { port, pid: child.pid ?? 0, stop: () => stop(child) }
}

/** Starts a program that listens on `port` of 127.0.0.1, and resolves when it does. */
export function startServer(command: string, args: readonly string[], port: number) {
  return startUntil([command, args], () => accepts(port), `does not listen on port ${port}`)
}

/** Starts a program that listens nowhere here, and resolves once it has said all of this. */
export function startWorker([command, args]: ReturnType<Launcher>, words: readonly string[]) {
  const isReady = (said: string): boolean => words.every((word) => said.includes(word))
  return startUntil([command, args], isReady, `does not say "${words.join('", "')}"`)
}

async function startUntil(
  [command, args]: ReturnType<Launcher>,
  isReady: (said: string) => boolean | Promise<boolean>,
  fault: string,
): Promise<{ pid: number; stop(): Promise<void> }> {
  const child = track(spawnProgram(command, args))
  let said = ''
  for (const output of [child.stdout, child.stderr])
    output.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-4_000)))
  let exited: string | undefined
  child.on('error', (error) => (exited = error.message))
  child.on('exit', (code, signal) => (exited ??= `exited with ${code ?? signal}`))
  const deadlineMs = Date.now() + startTimeoutMs
  while (!(await isReady(said))) {
    if (exited === undefined && Date.now() < deadlineMs) {
      await delay(50)
      continue
    }
    await stop(child)
    throw new Error(`${command} ${exited ?? fault}\n${said}`)
  }
  return { pid: child.pid ?? 0, stop: () => stop(child) }
}

function forkProgram(launcher: Launcher, file: string, ...args: string[]): ChildProcess {
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const
  const [command, all] = launcher(process.execPath, [`${import.meta.dirname}/${file}`, ...args])
  return track(spawnProgram(command, all, { stdio: [...stdio] }))
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await exit
  clearTimeout(kill)
}
