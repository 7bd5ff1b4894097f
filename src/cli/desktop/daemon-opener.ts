import type { Opener } from '../../client/sign-in/browser.ts'
import { environment, type Environment } from '../process/environment.ts'

const asOwnUnit = [
  'systemd-run',
  '--user',
  '--quiet',
  '--collect',
  '--description=Browser for Postern',
] as const

/**
 * What a daemon that systemd has started opens addresses with: a unit of its own, by the user's manager. A browser that
 * the daemon started itself would end with it, could not gain privileges either (`NoNewPrivileges=`; one in a snap
 * does), and would not know the screen, which the session tells the manager about after the daemon was started.
 * Its description is what the journal says of it, instead of the address. Undefined for a daemon that a person has started.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#%24SYSTEMD_EXEC_PID
 */
export function daemonOpener(
  env: Environment = environment,
  pid: number = process.pid,
): Opener | undefined {
  if (env['SYSTEMD_EXEC_PID'] !== String(pid)) return undefined
  return [...asOwnUnit, '--', 'xdg-open']
}
