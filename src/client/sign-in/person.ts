import { setTimeout as waitTimers } from 'node:timers/promises'
import type { Logger } from '../../log.ts'
import { AccessError } from '../../errors.ts'
import { printable } from '../../terminal-text.ts'
import type { BegunSignIns } from './begun-sign-in.ts'
import type { Credentials, FreshToken, Renewed } from './credentials.ts'
import type { TokenCache } from './token-cache.ts'

export interface PersonOptions {
  readonly cache: TokenCache
  /**
   * Signs the person in and resolves to a token; called for one sign-in at a time. `begun` is the one that
   * this process or another has begun and not finished; `renews` the token whose session is to be prolonged.
   */
  readonly signIn: (
    begun: BegunSignIns,
    signal: AbortSignal,
    renews?: string,
  ) => Promise<FreshToken>
  /** What the person runs, for others who wait for the same sign-in. */
  readonly command: string
  readonly log: Logger
  /** Gives up a sign-in under way. */
  readonly signal: AbortSignal
  /** Told that a sign-in is over, and whether there is a token of it, in the cache by then. */
  readonly onOver?: (hasToken: boolean) => void
  /** Waits for milliseconds; rejects when the signal aborts. **Default:** a timer */
  readonly wait?: (delayMs: number, signal: AbortSignal) => Promise<unknown>
}

/** How often a waiting process looks for the end of another one's sign-in, in milliseconds. */
const pollMs = 200
/**
 * After so long, in milliseconds, whoever waits is told for which process: most people, a second factor
 * included, have signed in by then.
 */
const patienceMs = 15_000
/**
 * How long it waits, in milliseconds: longer than any sign-in may take.
 *
 * @limit time that a process waits for the sign-in of another: an error that names the lock file
 */
const maxWaitMs = 11 * 60_000

/**
 * A person's token: the one in the cache, and a sign-in when the gateway wants a new one. However many
 * connections and processes of the user wait, there is one sign-in at a time and all get its token.
 */
export function person(options: PersonOptions): Credentials {
  const { cache, signIn, command, log, signal, onOver, wait = defaultWait } = options
  let underWay: Promise<Renewed> | undefined

  async function fromCache(rejected: ReadonlySet<string>): Promise<Renewed | undefined> {
    const token = await cache.read()
    return token === undefined || rejected.has(token)
      ? undefined
      : { token, isFresh: false, isProlonged: false }
  }

  /** Looks into the cache once more under the lock: the one before us may just have signed in. */
  async function signInUnlessDone(
    rejected: ReadonlySet<string>,
    renews?: string,
  ): Promise<Renewed> {
    const newer = await fromCache(rejected)
    if (newer !== undefined) return newer
    const { openBegunSignIns } = await import('./begun-sign-in.ts')
    let isKept = false
    try {
      const fresh = await signIn(openBegunSignIns(cache.signInPath), signal, renews)
      await cache.write(fresh.token)
      isKept = true
      return { ...fresh, isFresh: true }
    } finally {
      onOver?.(isKept)
    }
  }

  async function renewAcrossProcesses(
    rejected: ReadonlySet<string>,
    renews?: string,
  ): Promise<Renewed> {
    const { takeSignInLock } = await import('./sign-in-lock.ts')
    for (let waitedMs = 0; waitedMs < maxWaitMs; waitedMs += pollMs) {
      const newer = await fromCache(rejected)
      if (newer !== undefined) return newer
      await using lock = await takeSignInLock(cache.lockPath, command)
      if (lock !== undefined) return await signInUnlessDone(rejected, renews)
      if (waitedMs === 0) log.warn('waiting for the sign-in that another postern has begun')
      if (waitedMs === patienceMs) await tellForWhom(cache, log)
      await wait(pollMs, signal)
    }
    throw new AccessError('sign-in-timeout', "another postern's sign-in did not end in time", {
      hint: `if none runs, delete "${cache.lockPath}"`,
    })
  }

  /** Whoever comes while there is a sign-in gets what comes of that. */
  function once(rejected: ReadonlySet<string>, renews?: string): Promise<Renewed> {
    underWay ??= renewAcrossProcesses(rejected, renews).finally(() => (underWay = undefined))
    return underWay
  }

  return {
    current: () => cache.read(),
    renew: (rejected, waiting) => unlessAborted(once(rejected), waiting),
    // Any other token in the cache is that of a later sign-in.
    prolong: (token, waiting) =>
      unlessAborted(once(new Set(token === undefined ? [] : [token]), token), waiting),
    forget: (token) => cache.forget(token),
    async idle() {
      await underWay?.catch(() => undefined)
    },
  }
}

function defaultWait(delayMs: number, signal: AbortSignal): Promise<unknown> {
  return waitTimers(delayMs, undefined, { signal })
}

/** The address is that process's: no second tab is opened for it, and it may be used by hand. */
async function tellForWhom({ lockPath, signInPath }: TokenCache, log: Logger): Promise<void> {
  const [{ holderOf }, { openBegunSignIns }] = await Promise.all([
    import('./sign-in-lock.ts'),
    import('./begun-sign-in.ts'),
  ])
  const holder = await holderOf(lockPath)
  if (holder === undefined) return
  const begun = await openBegunSignIns(signInPath).read()
  const command = printable(holder.command) || 'postern'
  const url = begun?.url
  const where = url === undefined ? '' : `: ${url}`
  log.warn(`waiting for the sign-in of process ${holder.pid}, "${command}"${where}`, {
    pid: holder.pid,
    command,
    'auth-url': url,
    hint: `finish it in the browser tab that is open${url === undefined ? '' : ', or at that address'}; end that process to start a new one`,
  })
}

/** One who waits may leave; the sign-in goes on for the others, and for the next connection. */
function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void =>
      reject(new AccessError('sign-in-cancelled', 'the sign-in was given up'))
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })
}
