import { execFile } from 'node:child_process'
import { isIP } from 'node:net'
import { win32 } from 'node:path'
import { readTcpTables } from '../../net/proc-tcp.ts'
import { cleanCell } from '../../terminal-text.ts'
import { formatListening, type LocalAddress } from '../../client/serve/listen-address.ts'
import { listeningSockets, processOf, programOf } from './linux-sockets.ts'
import { canonicalHost, findInTheWay, isEverywhere, type WantedPort } from './listening-hosts.ts'
import { lsofArguments, parseLsof } from './lsof.ts'
import { parseNetstat, parseTasklist, tasklistArguments } from './netstat.ts'

/** Who keeps an address from being listened on, as far as this user may know it. */
export interface PortHolder {
  readonly pid?: number | undefined
  /** Cleaned: it can be shown. */
  readonly program?: string | undefined
  /** Of another user, whose programs cannot be looked at. */
  readonly uid?: number | undefined
  /** It is this process. */
  readonly isOurs: boolean
  /** It has the port of all addresses, while one was wanted. */
  readonly isEverywhere: boolean
}

export interface FindHolderOptions {
  /** **Default:** this system */
  readonly platform?: NodeJS.Platform
  /** `%SystemRoot%`, where Windows has its tools. */
  readonly systemRoot: string
}

/**
 * Time to find out who holds a port, in milliseconds.
 *
 * @limit time to find out which program holds a local port: none is named
 */
const searchTimeoutMs = 2_000
/** @limit none: a longer name of a program is cut */
const maxProgramChars = 64
/** @limit none: what a tool says beyond it is not read, and no program is named */
const maxToolBytes = 8 * 1024 * 1024

/** Finds who keeps a port from being listened on; undefined where nobody is found. Never rejects. */
export async function findPortHolder(
  wanted: WantedPort,
  { platform = process.platform, systemRoot }: FindHolderOptions,
): Promise<PortHolder | undefined> {
  try {
    if (platform === 'linux') return await findOnLinux(wanted)
    if (platform === 'darwin') return await findOnMac(wanted)
    return platform === 'win32' ? await findOnWindows(wanted, systemRoot) : undefined
  } catch {
    return undefined
  }
}

async function findOnLinux(wanted: WantedPort): Promise<PortHolder | undefined> {
  const { host, port } = wanted
  const known = ['0.0.0.0', '::', '127.0.0.1', '::1', canonicalHost(host ?? '::')]
  const sockets = listeningSockets(await readTcpTables(), port, known.filter(isIP))
  const found = findInTheWay(sockets, wanted)
  if (found === undefined) return undefined
  const { uid, inode } = found
  const signal = AbortSignal.timeout(searchTimeoutMs)
  const pid = mayLookAt(uid) ? await processOf(inode, signal) : undefined
  if (pid === undefined) return holder(wanted, found.host, mayLookAt(uid) ? {} : { uid })
  return holder(wanted, found.host, { pid, program: await programOf(pid) })
}

function mayLookAt(uid: number): boolean {
  const own = process.geteuid?.()
  return own === 0 || own === uid
}

/** By their whole paths: a program of that name beside us, or earlier in PATH, is another's. */
const macLsof = '/usr/sbin/lsof'

async function findOnMac(wanted: WantedPort): Promise<PortHolder | undefined> {
  const text = await outputOf(macLsof, lsofArguments(wanted.port))
  const found = findInTheWay(parseLsof(text), wanted)
  return found && holder(wanted, found.host, found)
}

async function findOnWindows(
  wanted: WantedPort,
  systemRoot: string,
): Promise<PortHolder | undefined> {
  const tool = (name: string): string => win32.join(systemRoot, 'System32', `${name}.exe`)
  const found = findInTheWay(parseNetstat(await outputOf(tool('netstat'), ['-ano'])), wanted)
  if (found === undefined) return undefined
  const { pid, host } = found
  const program = parseTasklist(await outputOf(tool('tasklist'), tasklistArguments(pid)), pid)
  return holder(wanted, host, { pid, program })
}

function holder(
  wanted: WantedPort,
  host: string,
  { pid, program, uid }: Pick<PortHolder, 'pid' | 'program' | 'uid'>,
): PortHolder {
  const named = program === undefined || program === '' ? undefined : cleanCell(program)
  return {
    pid,
    program: named?.slice(0, maxProgramChars),
    uid,
    isOurs: pid === process.pid,
    isEverywhere: isEverywhere(host) && wanted.host !== undefined && !isEverywhere(wanted.host),
  }
}

/** What a tool of the system says, whatever it thinks of it. */
function outputOf(path: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const options = { timeout: searchTimeoutMs, maxBuffer: maxToolBytes, windowsHide: true }
    execFile(path, args, options, (_error, stdout) => resolve(stdout))
  })
}

/** Says who holds an address: `"127.0.0.1:5432" is in use by postgres (process 812)`. */
export function sayPortHolder({ host, port }: WantedPort, found: PortHolder): string {
  const where = found.isEverywhere ? ', which listens on all addresses' : ''
  return `"${formatListening(host ?? '', port)}" is in use by ${nameOf(found)}${where}`
}

function nameOf({ pid, program, uid, isOurs }: PortHolder): string {
  if (isOurs) return 'another connection of this program'
  if (program !== undefined) return `${program} (process ${pid})`
  if (pid !== undefined) return `process ${pid}`
  if (uid === undefined) return 'another program'
  return uid === 0 ? 'a program of the system' : `a program of another user (uid ${uid})`
}

/** Makes a sentence of who holds an address; undefined where nobody is found. Never rejects. */
export async function whoHolds(
  listen: LocalAddress,
  options: FindHolderOptions,
): Promise<string | undefined> {
  if (listen.kind !== 'tcp') return undefined
  const found = await findPortHolder(listen, options)
  return found && sayPortHolder(listen, found)
}
