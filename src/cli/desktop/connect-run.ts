import type { DaemonClient } from '../../desktop/api/ask-daemon.ts'
import type { ConnectionState, ConnectionView } from '../../desktop/wire/view.ts'
import { describe, errorFields, processVoice } from '../speech/voice.ts'
import { exitCodeOf, exitCodes } from '../process/exit-codes.ts'
import { note } from '../speech/print.ts'
import { notify } from './notify.ts'
import { runningDaemon } from './start-daemon.ts'

/**
 * How long it is looked whether the gateway wants somebody to sign in, in milliseconds: it is asked as soon as the
 * connection listens.
 *
 * @limit time for a gateway to say that a sign-in is needed after a shortcut was started: the window does not open by itself
 */
const settleMs = 5_000
const good: ReadonlySet<ConnectionState> = new Set(['listening', 'connected'])

/**
 * Brings one connection up as a shortcut does: without a terminal, so that what there is to say is shown on the
 * desktop, and what there is to do is done in the window. Resolves to the exit code.
 */
export async function connectByShortcut(id: string): Promise<number> {
  try {
    const client = await runningDaemon()
    const { connections } = await client.ask('POST /up', { connections: [id] })
    const [view] = connections
    if (view === undefined) return exitCodes.usage
    return await show(await settled(client, view))
  } catch (error) {
    const component = { human: 'desktop', json: 'desktop' }
    const voice = processVoice({ format: 'human', level: 'info', component })
    const { hint } = errorFields(error)
    voice.fatal(error)
    await notify(
      'Postern',
      typeof hint === 'string' ? `${describe(error)}: ${hint}` : describe(error),
    )
    return exitCodeOf(error)
  }
}

async function show({ settings, state, address, trouble }: ConnectionView): Promise<number> {
  if (good.has(state)) {
    note(`${settings.name} is at ${address}`)
    await notify(settings.name, `is at ${address}`)
    return exitCodes.ok
  }
  const { runWindow } = await import('./window-run.ts')
  await runWindow({})
  await notify(settings.name, trouble?.message ?? 'sign in, in the window that opens')
  return exitCodes.ok
}

/** As it stands once its gateway has been asked, or after a while. */
async function settled(client: DaemonClient, first: ConnectionView): Promise<ConnectionView> {
  let view = first
  if (!good.has(view.state)) return view
  try {
    for await (const event of client.follow(AbortSignal.timeout(settleMs))) {
      if (event.kind !== 'state' && event.kind !== 'changed') continue
      const { connections, gateways } = event.kind === 'state' ? event.state : event
      view = connections.find(({ id }) => id === first.id) ?? view
      const gateway = gateways?.find(({ origin }) => origin === view.gateway)
      if (!good.has(view.state) || gateway?.reach === 'reachable') return view
    }
  } catch {
    // As it was last.
  }
  return view
}
