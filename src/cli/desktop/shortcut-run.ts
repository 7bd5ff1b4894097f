import { hash } from 'node:crypto'
import { saveShortcut } from '../../desktop/shortcuts/save-shortcut.ts'
import { readServices } from '../access/tcp-options.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { lastingProgram } from '../process/own-program.ts'
import { printLine } from '../speech/print.ts'
import { entryPlaces } from './entry-places.ts'
import { namedOf } from './named.ts'
import { runningDaemon } from './start-daemon.ts'

/** The options of `postern desktop shortcut` as they were given. */
export interface ShortcutOptions {
  readonly hostname?: string
  readonly url?: string
}

/** Saves a shortcut on the desktop and prints its path; resolves to the exit code. */
export async function runShortcut(name: string, options: ShortcutOptions): Promise<number> {
  const { hostname, url } = options
  const isSaved = hostname === undefined && url === undefined
  printLine(isSaved ? await forConnection(name) : await forAccess(name, options))
  return exitCodes.ok
}

async function forConnection(name: string): Promise<string> {
  const client = await runningDaemon()
  const { connections } = await client.ask('GET /state')
  const [named] = namedOf([name], connections)
  const params = { id: named?.id ?? '' }
  return (await client.ask('POST /connections/:id/shortcut', undefined, params)).path
}

/** What `cloudflared`'s users wrap: a command line of its own, with no saved connection behind it. */
async function forAccess(
  name: string,
  { hostname = '', url = '' }: ShortcutOptions,
): Promise<string> {
  // Says what is wrong now, and not to nobody at the first click.
  readServices({ hostname: [hostname], url: [url] }, {})
  const id = `access-${hash('sha256', `${hostname}\n${url}`).slice(0, 12)}`
  const args = ['access', 'tcp', `--hostname=${hostname}`, `--url=${url}`]
  return saveShortcut({ id, name, args }, { ...entryPlaces(), program: lastingProgram() })
}
