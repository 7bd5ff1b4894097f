import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { systemCode } from '../errors.ts'
import { stateOfProcess } from './process-identity.ts'

/** Who holds a lock file. */
export interface Holder {
  readonly pid: number
  /** When that process started; undefined where it cannot be found out. */
  readonly start?: string | undefined
  /** What the person runs there. Never with a secret. */
  readonly command?: string | undefined
  readonly host: string
  /** Milliseconds since the epoch. */
  readonly sinceMs: number
  /** Tells two locks of one process apart. */
  readonly nonce: string
}

/**
 * A lock older than this is void whoever holds it, in milliseconds: twice the life of a device code.
 *
 * @limit age of the lock of a sign-in: it is void, and the next client signs in
 */
const maxLockAgeMs = 20 * 60_000

/**
 * Takes a lock file for this process. Resolves to its release, or to undefined while another living
 * process holds it; a lock whose holder is gone is taken over. Where no lock can be written at all it
 * resolves to a release as well: two sign-ins at once are better than none. `command` tells others what
 * the sign-in is for.
 */
export async function takeSignInLock(
  path: string,
  command?: string,
): Promise<AsyncDisposable | undefined> {
  const self: Holder = {
    pid: process.pid,
    start: await ownStart(),
    command,
    host: hostname(),
    sinceMs: Date.now(),
    nonce: randomBytes(8).toString('hex'),
  }
  try {
    if (!(await create(path, self))) {
      const holder = await readHolder(path)
      if (holder !== undefined && (await isAlive(holder))) return undefined
      await removeStale(path, holder)
      if (!(await create(path, self))) return undefined
    }
  } catch {
    return { [Symbol.asyncDispose]: () => Promise.resolve() }
  }
  return {
    async [Symbol.asyncDispose]() {
      const holder = await readHolder(path)
      if (holder?.nonce === self.nonce) await rm(path, { force: true }).catch(() => undefined)
    },
  }
}

/** Who holds the lock now, from the file alone; undefined when nobody does. */
export function holderOf(path: string): Promise<Holder | undefined> {
  return readHolder(path)
}

/** A hard link appears at once and with its content, and fails when the name is taken. */
async function create(path: string, holder: Holder): Promise<boolean> {
  const draft = `${path}.${holder.nonce}`
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeFile(draft, JSON.stringify(holder), { mode: 0o600 })
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

/**
 * Moves a stale lock out of the way. Of several processes that find it stale one moves it; should one
 * of them move the new lock of a faster one instead, it puts that back.
 */
async function removeStale(path: string, stale: Holder | undefined): Promise<void> {
  const aside = `${path}.${randomBytes(8).toString('hex')}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return
    throw error
  }
  const moved = await readHolder(aside)
  if (moved !== undefined && moved.nonce !== stale?.nonce) {
    await link(aside, path).catch(() => undefined)
  }
  await rm(aside, { force: true })
}

async function isAlive({ pid, start, host, sinceMs }: Holder): Promise<boolean> {
  if (Math.abs(Date.now() - sinceMs) > maxLockAgeMs) return false
  // A home directory may be shared by machines; their processes cannot be asked.
  if (host !== hostname()) return true
  const found = await stateOfProcess(pid)
  if (!found.isRunning) return false
  return start === undefined || found.start === undefined || found.start === start
}

let startOfThis: Promise<string | undefined> | undefined

function ownStart(): Promise<string | undefined> {
  startOfThis ??= stateOfProcess(process.pid).then(({ start }) => start)
  return startOfThis
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    return isHolder(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false
  const fields: Partial<Record<string, unknown>> = { ...value }
  const { pid, host, sinceMs, nonce, start, command } = fields
  return (
    Number.isInteger(pid) &&
    Number(pid) > 0 &&
    typeof host === 'string' &&
    typeof sinceMs === 'number' &&
    typeof nonce === 'string' &&
    [start, command].every((text) => text === undefined || typeof text === 'string')
  )
}
