import { spawn } from 'node:child_process'
import type { Logger } from '../../log.ts'
import type { Environment } from '../process/environment.ts'

/** What systemd is told about this program (sd_notify(3)). */
export interface ServiceManager {
  /** Whether a connection is registered; the first that is makes the service started. */
  connected(isConnected: boolean): void
  /** It ends, and may take so long for it. */
  stopping(withinMs: number): void
}

const nobody: ServiceManager = { connected: () => undefined, stopping: () => undefined }

/**
 * Tells systemd where it asks for that. Through its own program: neither runtime opens datagram sockets of the
 * family AF_UNIX. One after the other, since the last word counts; of several that wait only the last is said.
 */
export function createServiceManager(env: Environment, log: Pick<Logger, 'warn'>): ServiceManager {
  const socket = env['NOTIFY_SOCKET']
  if (!socket) return nobody
  // Nothing else of the environment: a token may be in it.
  const own = { PATH: env['PATH'], NOTIFY_SOCKET: socket }
  let isReady = false
  let isStopping = false
  let isSpeaking = false
  let next: readonly string[] | undefined

  function tell(words: readonly string[]): void {
    next = words
    if (!isSpeaking) speak()
  }

  function speak(): void {
    if (next === undefined) return
    isSpeaking = true
    const child = spawn('systemd-notify', next, { stdio: 'ignore', env: own })
    next = undefined
    // Whoever listens no longer holds nothing up.
    child.unref()
    const done = (failure: string | undefined): void => {
      isSpeaking = false
      if (failure !== undefined && !isStopping)
        log.warn(`systemd was not told how this is: ${failure}`)
      speak()
    }
    child.once('error', ({ message }) => done(message))
    child.once('exit', (code) => done(code === 0 ? undefined : `systemd-notify ended with ${code}`))
  }

  return {
    connected(isConnected) {
      if (isStopping) return
      isReady ||= isConnected
      if (!isReady) return tell(['STATUS=connecting'])
      tell(['READY=1', `STATUS=${isConnected ? 'connected' : 'not connected; trying again'}`])
    },
    stopping(withinMs) {
      isStopping = true
      // The configuration may have been another one when the unit was written.
      const timeout = `EXTEND_TIMEOUT_USEC=${Math.ceil(withinMs) * 1_000}`
      tell(['STOPPING=1', 'STATUS=waiting for open streams to end', timeout])
    },
  }
}
