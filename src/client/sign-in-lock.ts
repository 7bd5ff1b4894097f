import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { systemCode } from '../errors.ts'

/** Who holds a lock file. */
interface Holder {
  readonly pid: number
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
 * resolves to a release as well: two sign-ins at once are better than none.
 */
export async function takeSignInLock(path: string): Promise<AsyncDisposable | undefined> {
  const self: Holder = {
    pid: process.pid,
    host: hostname(),
    sinceMs: Date.now(),
    nonce: randomBytes(8).toString('hex'),
  }
  try {
    if (!(await create(path, self))) {
      const holder = await readHolder(path)
      if (holder !== undefined && isAlive(holder)) return undefined
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

function isAlive({ pid, host, sinceMs }: Holder): boolean {
  if (Math.abs(Date.now() - sinceMs) > maxLockAgeMs) return false
  // A home directory may be shared by machines; their processes cannot be asked.
  if (host !== hostname()) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
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
  const { pid, host, sinceMs, nonce } = fields
  return (
    Number.isInteger(pid) &&
    Number(pid) > 0 &&
    typeof host === 'string' &&
    typeof sinceMs === 'number' &&
    typeof nonce === 'string'
  )
}
