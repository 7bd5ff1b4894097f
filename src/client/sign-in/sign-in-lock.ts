import { randomBytes } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { systemCode } from '../../errors.ts'
import { createFile, replaceFile } from '../../reach/replace-file.ts'
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
 * the sign-in is for, `look` finds a process.
 */
export async function takeSignInLock(
  path: string,
  command?: string,
  look: LookUp = stateOfProcess,
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
    if (!(await create(path, self)) && !(await takeOver(path, self, look))) return undefined
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

function create(path: string, holder: Holder): Promise<boolean> {
  return createFile(path, JSON.stringify(holder))
}

/**
 * Puts our lock in the place of a stale one. All who wait find it stale at the same moment, and between a look
 * at a file and its replacement another may have come: so only the holder of a second lock replaces, and looks
 * again first. A file that is gone is no stale one: whoever creates it next holds the lock, and is not replaced.
 */
async function takeOver(path: string, self: Holder, look: LookUp): Promise<boolean> {
  const seen = await lookAt(path, look)
  if (seen === 'held') return false
  if (seen === 'free') return create(path, self)
  const guard = `${path}.takeover`
  if (!(await create(guard, self))) {
    // Left by a process that was killed while it held it; whoever looks next finds it free.
    if ((await lookAt(guard, look)) === 'stale') await rm(guard, { force: true })
    return false
  }
  try {
    if (await create(path, self)) return true
    if ((await lookAt(path, look)) !== 'stale') return false
    await replaceFile(path, JSON.stringify(self))
    return true
  } finally {
    await rm(guard, { force: true })
  }
}

/**
 * A holder may have let go and ended after its name was read here, and another have come: what is stale is what still
 * stands there once its holder was found gone. From then on only whoever has the second lock changes it.
 */
async function lookAt(path: string, look: LookUp): Promise<'free' | 'held' | 'stale'> {
  try {
    const text = await readFile(path, 'utf8')
    const holder = parseHolder(text)
    if (holder !== undefined && (await isAlive(holder, look))) return 'held'
    return (await readFile(path, 'utf8')) === text ? 'stale' : 'held'
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? 'free' : 'stale'
  }
}

type LookUp = typeof stateOfProcess

async function isAlive({ pid, start, host, sinceMs }: Holder, look: LookUp): Promise<boolean> {
  if (Math.abs(Date.now() - sinceMs) > maxLockAgeMs) return false
  // A home directory may be shared by machines; their processes cannot be asked.
  if (host !== hostname()) return true
  const found = await look(pid)
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
    return parseHolder(await readFile(path, 'utf8'))
  } catch {
    return undefined
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text)
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
