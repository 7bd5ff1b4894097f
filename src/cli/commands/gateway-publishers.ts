import { createControlClient } from '../../control/client.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson, printLine } from '../speech/print.ts'
import { sayTime } from '../../say-time.ts'
import { printTable } from '../speech/table.ts'
import type { StateOptions } from './gateway-options.ts'
import { findStateDirectory } from './state-directory.ts'

export interface PublishersListOptions extends StateOptions {
  /** Revoked and expired ones, too. */
  readonly all?: boolean
  readonly json?: boolean
}

/** Prints who has a publish credential; resolves to the exit code. */
export async function listPublishers(options: PublishersListOptions): Promise<number> {
  const client = createControlClient(await findStateDirectory(options))
  const { publishers } = await client.listPublishers()
  const shown = publishers.filter(({ state }) => options.all === true || state === 'active')
  if (options.json) printJson({ publishers: shown })
  else if (shown.length === 0) note('nobody has a publish credential')
  else
    printTable([
      ['ID', 'USER', 'SITE', 'STATE', 'ISSUED', 'EXPIRES', 'MACHINE'],
      ...shown.map((it) => [
        it.id,
        it.user,
        it.site,
        it.state,
        sayTime(it.issued_at),
        sayTime(it.expires_at),
        it.host,
      ]),
    ])
  return exitCodes.ok
}

/** Revokes one credential, or all of one person; resolves to the exit code. */
export async function revokePublishers(who: string, options: StateOptions): Promise<number> {
  const client = createControlClient(await findStateDirectory(options))
  const { revoked } = await client.revokePublishers(who)
  for (const one of revoked) printLine(one)
  const count = revoked.length === 1 ? '1 credential' : `${revoked.length} credentials`
  note(`revoked ${count}: the tunnels that were made stay, "postern tunnel delete" removes them`)
  return exitCodes.ok
}
