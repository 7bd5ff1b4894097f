import {
  forgetCredential,
  tunnelCredentialPath,
} from '../../client/publish/credential-directory.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson } from '../speech/print.ts'
import { asPublisher, credentialDirectoriesOf, type PublisherOptions } from './publisher-options.ts'
import { noteFailed } from './note-record.ts'

export interface DeleteTunnelOptions extends PublisherOptions {
  readonly force?: boolean
}

/** Runs `postern tunnel delete`; resolves to the exit code. */
export async function runDelete(nameOrId: string, options: DeleteTunnelOptions): Promise<number> {
  const done = await asPublisher(options, async ({ api }) => {
    const { id, name, hostnames } = await api.info(nameOrId)
    // By id: another one may have the name by now.
    return { id, name, hostnames, ...(await api.delete(id, options.force === true)) }
  })
  if (typeof done === 'number') return done
  const { id, name, hostnames, records, routes } = done
  note(`deleted tunnel "${name}"${hostnames.length === 0 ? '' : ` and ${hostnames.join(', ')}`}`)
  for (const record of records) noteFailed(record)
  if (routes.length > 0) note(`warning: routes lead nowhere now, for ${routes.join(', ')}`)
  for (const directory of credentialDirectoriesOf(options))
    await forgetCredential(tunnelCredentialPath(id, directory))
  if (options.json) printJson({ id, name, hostnames, records, routes })
  return exitCodes.ok
}
