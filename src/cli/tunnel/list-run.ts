import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson } from '../speech/print.ts'
import { sayTime } from '../../say-time.ts'
import { printTable } from '../speech/table.ts'
import { asPublisher, type PublisherOptions } from './publisher-options.ts'

/** Runs `postern tunnel list`; resolves to the exit code. */
export async function runList(options: PublisherOptions): Promise<number> {
  const found = await asPublisher(options, async ({ api, credential }) => ({
    ...(await api.list()),
    site: credential.site,
  }))
  if (typeof found === 'number') return found
  const { tunnels, site } = found
  if (options.json) printJson({ tunnels })
  else if (tunnels.length === 0) note(`there is no tunnel of "${site}"`)
  else
    printTable([
      ['NAME', 'ID', 'CREATED', 'BY', 'CONNECTIONS', 'HOST NAMES'],
      ...tunnels.map((tunnel) => [
        tunnel.name,
        tunnel.id,
        sayTime(tunnel.created_at),
        tunnel.created_by,
        String(tunnel.connections.length),
        tunnel.hostnames.join(', '),
      ]),
    ])
  return exitCodes.ok
}
