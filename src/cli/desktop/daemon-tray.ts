import { systemClock } from '../../clock.ts'
import { parseBusAddress } from '../../desktop/bus/bus-address.ts'
import type { Daemon } from '../../desktop/running/daemon.ts'
import { messageOf } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import type { Closable } from '../../shutdown.ts'
import { environment, type Environment } from '../process/environment.ts'

export interface DaemonTrayParts {
  readonly daemon: Pick<Daemon, 'view' | 'which' | 'up' | 'down' | 'onChange'>
  readonly openWindow: () => Promise<void>
  readonly quit: () => void
  readonly log: Logger
}

/** Shows a tray for the daemon, where the system has trays that this program can reach; undefined elsewhere. */
export async function startDaemonTray(
  { daemon, openWindow, quit, log }: DaemonTrayParts,
  platform: NodeJS.Platform = process.platform,
): Promise<Closable | undefined> {
  const address = platform === 'linux' ? parseBusAddress(sessionBus(environment)) : undefined
  if (address === undefined) return undefined
  const { startTray } = await import('../../desktop/tray/tray.ts')
  const attempt = (what: string, work: () => Promise<void>): void => {
    void Promise.resolve()
      .then(work)
      .catch((error: unknown) => log.warn(`cannot ${what} from the tray: ${messageOf(error)}`))
  }
  return startTray({
    address,
    clock: systemClock,
    log,
    pid: process.pid,
    model: {
      view: () => daemon.view(),
      up: (which) =>
        attempt('connect', () => daemon.up(daemon.which(which).map(({ saved }) => saved.id))),
      down: (which) =>
        attempt('disconnect', () => daemon.down(daemon.which(which).map(({ saved }) => saved.id))),
      openWindow: () => attempt('open the window', openWindow),
      quit,
      onChange: (listener) => daemon.onChange(listener),
    },
  })
}

/** What systemd puts there stands for one that nobody named. */
function sessionBus(env: Environment): string {
  const runtime = env['XDG_RUNTIME_DIR']
  return (
    env['DBUS_SESSION_BUS_ADDRESS'] ||
    (runtime ? `unix:path=${encodeURIComponent(runtime)}/bus` : '')
  )
}
