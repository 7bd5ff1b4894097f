import { systemClock } from '../../clock.ts'
import { parseBusAddress } from '../../desktop/bus/bus-address.ts'
import type { Daemon } from '../../desktop/running/daemon-types.ts'
import { windowHint } from '../../desktop/tray/tray-model.ts'
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

/** Shows a tray for the daemon, where the system has trays that this program can reach; undefined elsewhere. Never rejects. */
export async function startDaemonTray(
  { daemon, openWindow, quit, log }: DaemonTrayParts,
  platform: NodeJS.Platform = process.platform,
): Promise<Closable | undefined> {
  if (platform !== 'linux') return undefined
  const address = parseBusAddress(sessionBus(environment))
  if (address === undefined) {
    log.info('no tray: there is no session bus', { hint: windowHint })
    return undefined
  }
  // Connections do not go without it where it cannot be loaded.
  const loaded = await import('../../desktop/tray/tray.ts').catch((error: unknown) => {
    log.warn(`no tray: ${messageOf(error)}`, { hint: windowHint })
    return undefined
  })
  if (loaded === undefined) return undefined
  const attempt = (what: string, work: () => Promise<void>): void => {
    void Promise.resolve()
      .then(work)
      .catch((error: unknown) => log.warn(`cannot ${what} from the tray: ${messageOf(error)}`))
  }
  return loaded.startTray({
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
