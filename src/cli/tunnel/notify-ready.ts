import { spawn } from 'node:child_process'
import type { Logger } from '../../log.ts'
import type { Environment } from '../process/environment.ts'

/**
 * Tells systemd that the service works (sd_notify(3)), where it asks for that. Through its own program: neither
 * runtime opens datagram sockets of the family AF_UNIX.
 */
export function notifyReady(env: Environment, log: Pick<Logger, 'warn'>): void {
  const socket = env['NOTIFY_SOCKET']
  if (!socket) return
  // Nothing else of the environment: a token may be in it.
  const child = spawn('systemd-notify', ['--ready', '--status=connected'], {
    stdio: 'ignore',
    env: { PATH: env['PATH'], NOTIFY_SOCKET: socket },
  })
  child.once('error', (error) => log.warn(`systemd was not told that this works: ${error.message}`))
  child.once('exit', (code) => {
    if (code !== 0)
      log.warn(`systemd was not told that this works: systemd-notify ended with ${code}`)
  })
}
