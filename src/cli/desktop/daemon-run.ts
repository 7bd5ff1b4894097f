import { builtDirectory, readBuiltFiles } from '../../built-files.ts'
import { sayDuration, systemClock } from '../../clock.ts'
import { createDaemonApp, type DaemonApp } from '../../desktop/api/app.ts'
import { connectionRows } from '../../desktop/api/connection-rows.ts'
import { exchangeRows } from '../../desktop/api/exchange-rows.ts'
import { gatewayRows } from '../../desktop/api/gateway-rows.ts'
import { proxyRows } from '../../desktop/api/proxy-rows.ts'
import { ask, type Row } from '../../desktop/api/rows.ts'
import { serveSocket } from '../../desktop/api/serve-socket.ts'
import { openConnectionsFile } from '../../desktop/connections/connections-file.ts'
import { whoHolds as whoHoldsPort } from '../../desktop/ports/port-holder.ts'
import { shortcutRows } from '../../desktop/shortcuts/shortcut-rows.ts'
import type { Daemon, DaemonOptions } from '../../desktop/running/daemon-types.ts'
import { openDaemon } from '../../desktop/running/daemon.ts'
import { watchWake } from '../../desktop/wake/wake.ts'
import { createWindow } from '../../desktop/window/window.ts'
import { windowRows } from '../../desktop/window/window-rows.ts'
import { messageOf } from '../../errors.ts'
import { knownGateways } from '../asking/gateway-of.ts'
import { clientEnvironment, systemRoot } from '../process/environment.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { lastingProgram } from '../process/own-program.ts'
import { onEndSignal } from '../process/signals.ts'
import { errorFields, type Voice } from '../speech/voice.ts'
import { daemonOpener } from './daemon-opener.ts'
import { startDaemonTray } from './daemon-tray.ts'
import { endWhenIdle } from './end-when-idle.ts'
import { entryPlaces } from './entry-places.ts'
import { handOver } from './hand-over.ts'
import { launchRow, upAtLaunch } from './launch.ts'
import { desktopPlaces, makeDirectory } from './places.ts'
import { notify } from './notify.ts'
import { sayEntries } from './say-entries.ts'

/** How a daemon was started. */
export interface DaemonRunOptions {
  readonly browserCmd?: string | undefined
  /** Brings up the connections that start at launch. */
  readonly isLaunch: boolean
  /** Ends by itself when nothing is up and nobody looks. */
  readonly isOnDemand: boolean
}

/** Time for programs to end their tunnels at the end, in milliseconds. */
const graceMs = 0

/**
 * Runs the daemon until a signal or `POST /quit`; resolves to the exit code. `onReady` is called once it can be asked.
 */
export async function runDaemon(
  options: DaemonRunOptions,
  voice: Voice,
  onReady: (daemon: Daemon) => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const places = desktopPlaces()
  makeDirectory(places)
  const own = { systemRoot: systemRoot() }
  const whoHolds: DaemonOptions['whoHolds'] = (listen) => whoHoldsPort(listen, own)
  const daemon = await openDaemon({
    ...clientEnvironment(),
    log: voice,
    clock: systemClock,
    pid: process.pid,
    file: openConnectionsFile(places.connections),
    openBrowser(url, onFailed) {
      const hint = 'open the window with "postern desktop", and sign in there'
      // Such as a program whose files an update has taken away: connections go on.
      openAddress(url, hint, onFailed).catch((error: unknown) => {
        voice.warn(`cannot open a browser: ${messageOf(error)}`, { hint })
        onFailed()
      })
    },
    whoHolds,
    remembered: () => knownGateways(voice),
    tellPerson: (message, hint) => void notify('Postern', sentences(message, hint)),
  })
  async function openAddress(url: string, hint: string, onFailed?: () => void): Promise<void> {
    const { openBrowser } = await import('../../client/sign-in/browser.ts')
    openBrowser(url, options.browserCmd, voice, { onFailed, hint, opener: daemonOpener() })
  }

  for (const { message, hint, code } of daemon.view().notices) voice.warn(message, { hint, code })
  const ending = Promise.withResolvers<void>()
  using _signals = onEndSignal(() => ending.resolve())
  using idle = options.isOnDemand
    ? endWhenIdle({
        clock: systemClock,
        isIdle: () => daemon.isIdle,
        end: () => ending.resolve(),
      })
    : undefined
  const appOf = (rows: readonly Row[]): DaemonApp => {
    const app = createDaemonApp({
      rows,
      follow: (listener) => daemon.follow(listener),
      clock: systemClock,
      log: voice,
    })
    return {
      fetch(request) {
        idle?.asked()
        return app.fetch(request)
      },
    }
  }
  const rows = [
    ...connectionRows(daemon),
    ...gatewayRows(daemon),
    ...exchangeRows(daemon),
    ...shortcutRows(daemon, () => ({ ...entryPlaces(), program: lastingProgram() })),
  ]
  const window = createWindow({
    directory: places.directory,
    // Files are brought up by commands, in whose folder they are.
    app: appOf(rows.filter(({ call }) => call !== 'POST /files')).fetch,
    files: await readBuiltFiles(builtDirectory('desktop')),
    log: voice,
    clock: systemClock,
    whoHolds: (port) => whoHolds({ kind: 'tcp', host: '127.0.0.1', port }),
  })
  const quit = ask('POST /quit', () => {
    // After the answer has left.
    setTimeout(() => ending.resolve(), 50)
    return { pid: process.pid }
  })
  const app = appOf([
    ...rows,
    ...windowRows(window),
    ...proxyRows(daemon, places.directory),
    launchRow(daemon, () => idle?.[Symbol.dispose]()),
    quit,
  ])
  using _said = sayEntries(daemon, voice)
  const socket = await serveSocket(places.socket, app).catch(async (error: unknown) => {
    await daemon.close(0)
    throw error
  })
  const tray = await startDaemonTray({
    daemon,
    log: voice,
    quit: () => ending.resolve(),
    async openWindow() {
      idle?.asked()
      const { url } = await window.open({ new_address: false })
      await openAddress(await handOver(url, places.directory), 'run "postern desktop"')
    },
  })
  try {
    voice.info('ready', { pid: process.pid, socket: places.socket })
    // Connections do not wait for the window: it is tried again when somebody wants to see it.
    await window.start().catch((error: unknown) => voice.warn(messageOf(error), errorFields(error)))
    if (options.isLaunch) await upAtLaunch(daemon)
    using _awake = watchWake({
      onWake: (sleptMs) => void daemon.lookAgain(`the machine slept for ${sayDuration(sleptMs)}`),
      onNetwork: () => void daemon.lookAgain('the network of this machine is another one'),
    })
    await onReady(daemon)
    await ending.promise
    voice.info('ending')
  } finally {
    // Also where what it was started for is not there: it would stay, and nobody would end it.
    await Promise.all([tray?.close(0), socket.close(0), window.close(0), daemon.close(graceMs)])
  }
  return exitCodes.ok
}

/** As people read them who know of no log. */
function sentences(...texts: readonly (string | undefined)[]): string {
  const said = texts.filter((text) => text !== undefined)
  return said.map((text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`).join(' ')
}
