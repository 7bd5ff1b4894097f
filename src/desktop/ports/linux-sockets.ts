import { readdir, readlink, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { rowsOf, spellingsOf } from '../../net/proc-tcp.ts'
import type { Listening } from './listening-hosts.ts'

/** A socket that listens, as the kernel's tables tell it. */
export interface ListeningSocket extends Listening {
  /** Whose it is. */
  readonly uid: number
  /** By which its process is found. */
  readonly inode: string
}

/** Of `tcp_states.h`. */
const listenState = '0A'

/**
 * The sockets that listen on a port. An address is known where it is one of `hosts`; of the others only that it is
 * another one.
 *
 * @see https://docs.kernel.org/networking/proc_net_tcp.html
 */
export function* listeningSockets(
  tables: readonly string[],
  port: number,
  hosts: readonly string[],
): Generator<ListeningSocket> {
  const known = new Map(
    hosts.flatMap((host) => spellingsOf(host, port).map((spelling) => [spelling, host] as const)),
  )
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  for (const table of tables) {
    for (const { key, rest } of rowsOf(table)) {
      const [local = ''] = key.split(' ')
      if (!local.endsWith(suffix)) continue
      const [state, , , , uid = '', , inode = '0'] = rest.trim().split(/\s+/)
      if (state !== listenState) continue
      yield { host: known.get(local) ?? local, port, uid: Number(uid), inode }
    }
  }
}

/**
 * The process that has a socket open, of those that this user may look at: the oldest where several share it. Undefined
 * where there is none, or `signal` is aborted first. Never rejects.
 */
export async function processOf(
  inode: string,
  signal: AbortSignal,
  proc = '/proc',
): Promise<number | undefined> {
  const names = await readdir(proc).catch(() => [])
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number)
  for (const pid of pids.toSorted((one, other) => one - other)) {
    if (signal.aborted) return undefined
    if (await holds(join(proc, `${pid}`, 'fd'), inode)) return pid
  }
  return undefined
}

async function holds(directory: string, inode: string): Promise<boolean> {
  // What is another user's, or has just ended, holds nothing that we may know.
  const names = await readdir(directory).catch(() => [])
  const links = await Promise.all(
    names.map((name) => readlink(join(directory, name)).catch(() => '')),
  )
  return links.includes(`socket:[${inode}]`)
}

/** The program of a process: its file's name, or what it calls itself. Never rejects. */
export async function programOf(pid: number, proc = '/proc'): Promise<string | undefined> {
  const directory = join(proc, `${pid}`)
  const file = await readlink(join(directory, 'exe')).catch(() => undefined)
  if (file !== undefined) return basename(file.replace(/ \(deleted\)$/, ''))
  const name = await readFile(join(directory, 'comm'), 'utf8').catch(() => undefined)
  return name?.trim()
}
