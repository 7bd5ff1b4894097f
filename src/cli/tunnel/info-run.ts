import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson, printText } from '../speech/print.ts'
import { cleanLine } from '../../terminal-text.ts'
import { sayTime } from '../../say-time.ts'
import { printTable } from '../speech/table.ts'
import { asPublisher, type PublisherOptions } from './publisher-options.ts'

/** Runs `postern tunnel info`; resolves to the exit code. */
export async function runInfo(nameOrId: string, options: PublisherOptions): Promise<number> {
  const tunnel = await asPublisher(options, ({ api }) => api.info(nameOrId))
  if (typeof tunnel === 'number') return tunnel
  if (options.json) {
    printJson(tunnel)
    return exitCodes.ok
  }
  const lines = [
    ['name', tunnel.name],
    ['id', tunnel.id],
    ['site', tunnel.site],
    ['created', `${sayTime(tunnel.created_at)} by ${tunnel.created_by}`],
    ['host names', tunnel.hostnames.join(', ') || 'none'],
  ] as const
  printText(lines.map(([what, text]) => `${what.padEnd(10)}  ${cleanLine(text)}\n`).join(''))
  if (tunnel.connections.length === 0) note('no connector is connected')
  else
    printTable([
      ['CONNECTOR', 'VERSION', 'ADDRESS', 'SINCE'],
      ...tunnel.connections.map((it) => [it.connector_id, it.version, it.ip, sayTime(it.since)]),
    ])
  return exitCodes.ok
}
