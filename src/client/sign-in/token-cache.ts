import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { isToken } from '../../tunnel/sign-in.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import type { Trust } from '../../reach/trust.ts'

/** What a token is good for. A token seen over an unverified connection may be known to others. */
export interface TokenScope {
  readonly origin: string
  readonly isVerified: boolean
}

export interface TokenCacheOptions {
  readonly gateway: Pick<GatewayAddress, 'origin'>
  readonly trust: Pick<Trust, 'isVerified'>
  readonly log: Logger
  readonly cacheDirectory: string
}

/** Keeps the token of one gateway, for this process and for others of the same user. */
export interface TokenCache {
  /** File that holds the lock of a sign-in for this gateway. */
  readonly lockPath: string
  /** File that holds the sign-in that is under way for this gateway. */
  readonly signInPath: string
  read(): Promise<string | undefined>
  write(token: string): Promise<void>
  /** Removes a token that the gateway rejected, unless another has taken its place. */
  forget(token: string): Promise<void>
}

/** The token cache of one gateway, in `tokens` below this user's cache directory. */
export function tokenCacheFor(options: TokenCacheOptions): TokenCache {
  const { gateway, trust, log, cacheDirectory } = options
  const scope = { origin: gateway.origin, isVerified: trust.isVerified }
  return openTokenCache(join(cacheDirectory, 'tokens'), scope, log)
}

/**
 * Opens the token cache: one file of mode 0600 per scope in a directory of mode 0700. Where it cannot
 * be written, the token is kept in memory and a warning says so once.
 */
export function openTokenCache(directory: string, scope: TokenScope, log: Logger): TokenCache {
  const path = join(directory, fileName(scope))
  /** Only what could not be written. */
  let inMemory: string | undefined

  return {
    lockPath: `${path}.lock`,
    signInPath: `${path}.sign-in`,
    async read() {
      return (await readToken(path)) ?? inMemory
    },
    async write(token) {
      try {
        // Loaded only now: most runs write none.
        const { replaceFile } = await import('../../reach/replace-file.ts')
        await replaceFile(path, token)
        inMemory = undefined
      } catch (error) {
        if (inMemory === undefined) {
          log.warn(`cannot keep the sign-in for later runs: ${messageOf(error)}`, {
            hint: 'set HOME or XDG_CACHE_HOME to a directory that you may write to',
          })
        }
        inMemory = token
      }
    },
    async forget(token) {
      if (inMemory === token) inMemory = undefined
      if ((await readToken(path)) === token) await rm(path, { force: true }).catch(() => undefined)
    },
  }
}

/** Readable enough to delete one by hand, and safe for any file system. */
function fileName({ origin, isVerified }: TokenScope): string {
  const key = `${origin}|${isVerified ? 'verified' : 'unverified'}`
  const host = new URL(origin).hostname.replaceAll(/[^a-z0-9.-]/g, '_').slice(0, 100)
  return `${host}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}.jwt`
}

async function readToken(path: string): Promise<string | undefined> {
  try {
    const token = (await readFile(path, 'utf8')).trim()
    return isToken(token) ? token : undefined
  } catch {
    // No file is the usual case; one that cannot be read is as good as none.
    return undefined
  }
}
