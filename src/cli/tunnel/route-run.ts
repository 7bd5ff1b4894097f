import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson } from '../speech/print.ts'
import { noteFailed, noteRecord } from './note-record.ts'
import { asPublisher, type PublisherOptions } from './publisher-options.ts'

export interface RouteDnsOptions extends PublisherOptions {
  readonly remove?: boolean
}

/** Runs `postern tunnel route dns`; resolves to the exit code. */
export async function runRouteDns(
  tunnel: string,
  hostname: string,
  options: RouteDnsOptions,
): Promise<number> {
  const isRemoved = options.remove === true
  const done = await asPublisher(options, ({ api }) =>
    isRemoved ? api.removeHostname(tunnel, hostname) : api.addHostname(tunnel, hostname),
  )
  if (typeof done === 'number') return done
  const { record } = done
  if (isRemoved) {
    note(`"${done.hostname}" no longer leads to the tunnel "${done.name}"`)
    noteFailed(record)
  } else {
    note(`"${done.hostname}" leads to the tunnel "${done.name}"`)
    await noteRecord(done.hostname, record)
  }
  if (options.json) printJson(done)
  return record.state === 'failed' ? exitCodes.gateway : exitCodes.ok
}
