import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { inTime, runChild, startChild, type Child, type Result } from './child.ts'
import { posternCommand, type GatewayRig } from './rig.ts'
import { posternInShell } from '../postern-program.ts'
import type { Scope } from './scope.ts'
import { readHeard } from './secrets/heard.ts'

/** Somebody at a machine of their own: a home, a browser that signs them in, and `postern` on PATH. */
export interface Person {
  readonly home: string
  readonly env: Readonly<Record<string, string>>
  /** Addresses that the browser was started with, in order. */
  browserStarts(): Promise<readonly string[]>
  /** `postern tcp` for a destination, with the options that lead to the gateway. */
  tcpArgs(destination: string, ...options: string[]): string[]
  /** The same as one string, for `ssh -o ProxyCommand=…`. */
  proxyCommand(destination: string): string
  /** A `postern` command about the gateway that may open the browser, such as `login`. */
  run(command: string, ...options: string[]): Promise<Result>
  /** `postern tcp` with a local port. */
  listen(destination: string, ...options: string[]): Promise<LocalPort>
  /** `postern tcp --listen -`, to its end. */
  pipe(destination: string, input: string | Buffer, ...options: string[]): Promise<Result>
  /** The same, left running. */
  openPipe(destination: string, ...options: string[]): Child
}

/** A running `postern tcp` and where it listens. */
export interface LocalPort {
  readonly child: Child
  readonly port: number
  /** A connection that is up; what comes is left unread. */
  connect(): Promise<Socket>
}

const hearFile = join(import.meta.dirname, 'secrets', 'hear-browser.ts')
const browserFile = join(import.meta.dirname, '..', '..', 'src', 'dev-idp', 'browser.ts')

/** Makes the home of a person who signs in under `email` at the rig's provider. */
export async function personAt(
  scope: Scope,
  rig: Pick<GatewayRig, 'origin' | 'caFile'>,
  email: string,
): Promise<Person> {
  const home = join(scope.directory, `home of ${email.split('@')[0]}`)
  const tools = join(scope.directory, `tools-${email.split('@')[0]}`)
  await mkdir(join(home, 'tmp'), { recursive: true, mode: 0o700 })
  await mkdir(tools)
  const browser = join(tools, 'browser')
  const browserLog = join(tools, 'browser.log')
  const [heard, given] = [join(tools, 'heard.jsonl'), join(tools, 'browser.environ')]
  const hears = scope.secrets.isSearched ? `--import '${hearFile}'` : ''
  await Promise.all([browserLog, given].map((file) => appendFile(file, '')))
  await writeScript(browser, [
    `printf '%s\\n' "$1" >>'${browserLog}'`,
    `[ ! -r /proc/$$/environ ] || cat /proc/$$/environ >>'${given}'`,
    `export POSTERN_TEST_HEARD='${heard}'`,
    `exec '${process.execPath}' ${hears} '${browserFile}' --person '${email}' --ca-file '${rig.caFile}' "$1"`,
  ])
  readHeard(heard, scope.secrets)
  scope.secrets.place('arguments of a browser', () => readFileSync(browserLog))
  scope.secrets.place('environment of a browser', () => readFileSync(given))
  scope.secrets.home(home)
  await writeScript(join(tools, 'postern'), [`exec ${posternInShell} "$@"`])
  const env = {
    HOME: home,
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_DATA_HOME: join(home, '.local', 'share'),
    XDG_STATE_HOME: join(home, '.local', 'state'),
    TMPDIR: join(home, 'tmp'),
    PATH: `${tools}:${dirname(process.execPath)}:/usr/bin:/bin`,
    SHELL: '/bin/sh',
  }
  const trustAndBrowser = ['--ca-file', rig.caFile, '--browser-cmd', browser]
  const options = ['--gateway', rig.origin, ...trustAndBrowser]
  const tcpArgs = (destination: string, ...more: string[]): string[] => [
    'tcp',
    ...options,
    ...more,
    destination,
  ]
  const stdio = (destination: string, more: readonly string[]): [string, string[]] =>
    posternCommand(...tcpArgs(destination, '--listen', '-', ...more))

  return {
    home,
    env,
    browserStarts: async () => (await readFile(browserLog, 'utf8')).split('\n').slice(0, -1),
    tcpArgs,
    proxyCommand: (destination) => `postern ${tcpArgs(destination, '--listen', '-').join(' ')}`,
    run(command, ...more) {
      const args = [...trustAndBrowser, ...more, rig.origin]
      return runChild(scope, ...posternCommand(command, ...args), { env, cwd: home })
    },
    async listen(destination, ...more) {
      const command = posternCommand(...tcpArgs(destination, ...more))
      const child = startChild(scope, ...command, { env, cwd: home })
      const [, port] = await child.says(/listening on 127\.0\.0\.1:(\d+)/)
      return { child, port: Number(port), connect: () => openConnection(scope, Number(port)) }
    },
    pipe: (destination, input, ...more) =>
      runChild(scope, ...stdio(destination, more), { env, cwd: home, input }),
    openPipe: (destination, ...more) =>
      startChild(scope, ...stdio(destination, more), { env, cwd: home }),
  }
}

async function writeScript(path: string, lines: readonly string[]): Promise<void> {
  await writeFile(path, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 })
}

/** A connection to a local port that is up; what comes is left unread. */
export async function openConnection(scope: Scope, port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  // Whoever waits for its end learns it by 'close'.
  socket.on('error', () => undefined)
  scope.defer(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Sends bytes and resolves when the same many have come back; rejects when the connection ends. */
export async function exchange(socket: Socket, text: string): Promise<string> {
  const answered = new Promise<string>((resolve, reject) => {
    let received = ''
    const onData = (chunk: Buffer): void => {
      received += chunk.toString()
      if (received.length < text.length) return
      socket.off('data', onData).off('close', onClose).off('end', onClose)
      resolve(received)
    }
    const onClose = (): void => reject(new Error(`the connection ended after "${received}"`))
    socket.on('data', onData).once('close', onClose).once('end', onClose)
  })
  socket.write(text)
  return inTime(answered, () => `no echo of "${text}"`)
}

/** Resolves when a connection has ended, in order or not; what still comes is thrown away. */
export async function untilEnded(socket: Socket): Promise<void> {
  socket.resume()
  if (socket.closed || socket.readableEnded) return
  // Not `once` of node:events, which rejects on 'error'.
  const ended = new Promise<void>((resolve) => {
    socket.once('end', resolve).once('close', () => resolve())
  })
  await inTime(ended, () => 'still connected')
}
