import { resolve } from 'node:path'
import { createDaemonClient, type DaemonClient } from '../../desktop/api/ask-daemon.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note } from '../speech/print.ts'
import { namedOf } from './named.ts'
import { desktopPlaces } from './places.ts'
import { isThere } from './start-daemon.ts'

/** The options of `postern down` as they were given. */
export interface DownOptions {
  readonly file?: string
  readonly tag?: string
  readonly proxy?: true
  readonly quit?: true
}

/** Runs `postern down`; resolves to the exit code. */
export async function runDown(names: readonly string[], options: DownOptions): Promise<number> {
  const client = createDaemonClient(desktopPlaces().socket)
  if (!(await isThere(client))) {
    note('nothing is up: the daemon does not run')
    return exitCodes.ok
  }
  const isNamed = names.length > 0 || options.file !== undefined || options.tag !== undefined
  const closed = !isNamed || options.proxy === true ? await closeProxies(client) : 0
  if (closed === 0 && options.proxy === true) note('no local proxy was open')
  const before = (await client.ask('GET /state')).connections
  const { file } = options
  const path = file === undefined ? undefined : resolve(file)
  const ofFile = before.filter((one) => path !== undefined && one.file === path)
  if (path !== undefined && names.length === 0 && options.tag === undefined) {
    const count = ofFile.length
    await client.ask('POST /files', { path, connections: [] })
    note(count === 0 ? `no connection of "${file}" was there` : `${count} taken down`)
  } else if (isNamed || options.proxy !== true) {
    const meant = path === undefined ? names : namedOf(names, ofFile, file).map(({ id }) => id)
    const which = {
      ...((path !== undefined || names.length > 0) && { connections: [...meant] }),
      ...(options.tag !== undefined && { tag: options.tag }),
    }
    const wereUp = new Set(before.filter((it) => it.is_up).map(({ id }) => id))
    const { connections } = await client.ask('POST /down', which)
    const count = connections.filter(({ id }) => wereUp.has(id)).length
    if (count > 0) note(`${count} taken down`)
    else if (closed === 0) note('nothing of that was up')
  }
  if (options.quit === true) {
    const { pid } = await client.ask('POST /quit')
    note(`the daemon (process ${pid}) ends`)
  }
  return exitCodes.ok
}

async function closeProxies(client: DaemonClient): Promise<number> {
  const { removed } = await client.ask('DELETE /proxies')
  for (const address of removed) note(`the local proxy on ${address} is closed`)
  return removed.length
}
