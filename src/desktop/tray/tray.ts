import type { NetConnectOpts } from 'node:net'
import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import type { Closable } from '../../shutdown.ts'
import { ofBus, openBus, type Bus } from '../bus/bus.ts'
import type { BusMessage } from '../bus/message.ts'
import { createItemObject, itemInterfaceName, statusOf } from './item-object.ts'
import { createMenuObject, menuInterfaceName } from './menu-object.ts'
import { trayMenu } from './menu.ts'
import { summarize } from './summary.ts'
import { windowHint, type TrayModel } from './tray-model.ts'

export interface TrayOptions {
  readonly model: TrayModel
  /** The session bus. */
  readonly address: NetConnectOpts
  readonly clock: Clock
  readonly log: Logger
  readonly pid: number
}

/** Who shows trays; a panel, or an extension of one. Where nobody has this name there is no tray. */
const watcher = 'org.kde.StatusNotifierWatcher'
const watcherPath = '/StatusNotifierWatcher'
const itemPath = '/StatusNotifierItem'
const menuPath = '/MenuBar'

/** `DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER` */
const ownsName = 1

/** How long changes are gathered before a panel is told, in milliseconds. */
const gatherMs = 200
const firstRetryMs = 5_000
/** @limit none: the longest wait before a session bus that is gone is tried again */
const maxRetryMs = 300_000

/**
 * Shows a tray as long as the desktop has a place for it: it comes with the panel, and again with the next one, and
 * with the bus itself. Nothing of it throws: without a tray the daemon is the same.
 */
export function startTray({ model, address, clock, log, pid }: TrayOptions): Closable {
  const wantedName = `org.kde.StatusNotifierItem-${pid}-1`
  const menu = createMenuObject()
  const item = createItemObject(
    menuPath,
    () => summarize(model.view()),
    () => model.openWindow(),
  )
  let bus: Bus | undefined
  let name = wantedName
  let isAbsenceSaid = false
  let retryMs = firstRetryMs
  let gathering: Disposable | undefined
  let said = { text: '', status: '' }
  const ending = new AbortController()
  const ended = Promise.withResolvers<void>()

  refresh()
  const following = model.onChange(() => {
    gathering ??= clock.schedule(gatherMs, () => {
      gathering = undefined
      refresh()
    })
  })

  /** What is shown is asked for by the panel: it is only told that something is new. */
  function refresh(): void {
    if (ending.signal.aborted) return
    try {
      const revision = menu.update(trayMenu(model))
      if (revision !== undefined) {
        tell(menuPath, menuInterfaceName, 'LayoutUpdated', 'ui', [revision, 0])
      }
      const summary = summarize(model.view())
      const now = { text: summary.text, status: statusOf(summary) }
      if (now.text !== said.text) tell(itemPath, itemInterfaceName, 'NewToolTip')
      if (now.status !== said.status) {
        tell(itemPath, itemInterfaceName, 'NewStatus', 's', [now.status])
      }
      said = now
    } catch (error) {
      log.warn(`the tray could not be brought up to date: ${messageOf(error)}`)
    }
  }

  function tell(
    path: string,
    of: string,
    member: string,
    signature?: string,
    body?: readonly unknown[],
  ): void {
    const more = signature === undefined || body === undefined ? {} : { signature, body }
    bus?.signal({ path, interface: of, member, ...more })
  }

  async function register(on: Bus): Promise<void> {
    try {
      await on.call({
        destination: watcher,
        path: watcherPath,
        interface: watcher,
        member: 'RegisterStatusNotifierItem',
        signature: 's',
        body: [name],
      })
      log.debug('the tray is shown')
    } catch (error) {
      if (!ending.signal.aborted) log.info(`the desktop does not show a tray: ${messageOf(error)}`)
    }
  }

  function onSignal({ sender, member, body = [] }: BusMessage): void {
    // Anybody can send a signal; only the bus itself has this name.
    if (sender !== ofBus.destination || member !== 'NameOwnerChanged') return
    const [who, , owner] = body
    if (who === watcher && owner !== '' && bus !== undefined) void register(bus)
  }

  /** One life of the bus. */
  async function live(): Promise<void> {
    const objects = {
      [itemPath]: { [itemInterfaceName]: item },
      [menuPath]: { [menuInterfaceName]: menu.interface },
    }
    const opened = await openBus(address, { objects, onSignal, signal: ending.signal })
    bus = opened
    try {
      const match = `type='signal',sender='${ofBus.destination}',member='NameOwnerChanged',arg0='${watcher}'`
      await opened.call({ ...ofBus, member: 'AddMatch', signature: 's', body: [match] })
      // 4: not in a queue behind somebody else. Of two in containers with one bus, both may have this number.
      const request = { member: 'RequestName', signature: 'su', body: [wantedName, 4] }
      const [owning] = await opened.call({ ...ofBus, ...request })
      name = owning === ownsName ? wantedName : opened.name
      const asked = { ...ofBus, member: 'NameHasOwner', signature: 's', body: [watcher] }
      const [isThere] = await opened.call(asked)
      retryMs = firstRetryMs
      if (isThere === true) void register(opened)
      else sayAbsence('nothing on this desktop shows one')
      const why = await opened.ended
      if (!ending.signal.aborted) log.debug(`the session bus is gone: ${messageOf(why)}`)
    } finally {
      bus = undefined
      opened.destroy()
    }
  }

  function sayAbsence(why: string): void {
    if (isAbsenceSaid || ending.signal.aborted) return
    isAbsenceSaid = true
    log.info(`no tray: ${why}`, { hint: windowHint })
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      try {
        await live()
      } catch (error) {
        sayAbsence(messageOf(error))
      }
      if (ending.signal.aborted) return
      const waited = Promise.withResolvers<void>()
      using _timer = clock.schedule(retryMs, waited.resolve)
      retryMs = Math.min(retryMs * 2, maxRetryMs)
      await Promise.race([waited.promise, ended.promise])
    }
  }

  const running = run()
  return {
    async close() {
      ending.abort()
      following[Symbol.dispose]()
      gathering?.[Symbol.dispose]()
      ended.resolve()
      await running
    },
  }
}
