import { resolve } from 'node:path'
import { createDaemonClient } from '../../desktop/api/ask-daemon.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note } from '../speech/print.ts'
import { desktopPlaces } from './places.ts'
import { isThere } from './start-daemon.ts'

/** The options of `postern down` as they were given. */
export interface DownOptions {
  readonly file?: string
  readonly tag?: string
  readonly quit?: true
}

/** Runs `postern down`; resolves to the exit code. */
export async function runDown(names: readonly string[], options: DownOptions): Promise<number> {
  const client = createDaemonClient(desktopPlaces().socket)
  if (!(await isThere(client))) {
    note('nothing is up: the daemon does not run')
    return exitCodes.ok
  }
  if (options.file !== undefined) {
    const path = resolve(options.file)
    const { connections } = await client.ask('GET /state')
    const count = connections.filter(({ file }) => file === path).length
    await client.ask('POST /files', { path, connections: [] })
    note(count === 0 ? `no connection of "${options.file}" was there` : `${count} taken down`)
  } else {
    const which = {
      ...(names.length > 0 && { connections: [...names] }),
      ...(options.tag && { tag: options.tag }),
    }
    const before = (await client.ask('GET /state')).connections
    const wereUp = new Set(before.filter((it) => it.is_up).map(({ id }) => id))
    const { connections } = await client.ask('POST /down', which)
    const count = connections.filter(({ id }) => wereUp.has(id)).length
    note(count === 0 ? 'nothing of that was up' : `${count} taken down`)
  }
  if (options.quit === true) {
    const { pid } = await client.ask('POST /quit')
    note(`the daemon (process ${pid}) ends`)
  }
  return exitCodes.ok
}
