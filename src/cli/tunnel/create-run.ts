import { dirname, resolve } from 'node:path'
import {
  keepCredential,
  prepareDirectory,
  tunnelCredentialPath,
} from '../../client/publish/credential-directory.ts'
import { encodeCredentialsFile } from '../../tunnel/tunnel-credential.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson } from '../speech/print.ts'
import {
  asPublisher,
  credentialDirectoryOf,
  tunnelCredentialOf,
  type PublisherOptions,
} from './publisher-options.ts'

export interface CreateTunnelOptions extends PublisherOptions {
  readonly credentialsFile?: string
}

/** Runs `postern tunnel create`; resolves to the exit code. */
export async function runCreate(name: string, options: CreateTunnelOptions): Promise<number> {
  const { credentialsFile: given } = options
  const directory = given === undefined ? credentialDirectoryOf(options) : dirname(resolve(given))
  await prepareDirectory(directory)
  const made = await asPublisher(options, async ({ api, credential }) => {
    const secrets = await api.create(name)
    const path = given ?? tunnelCredentialPath(secrets.id, directory)
    await keepCredential(path, encodeCredentialsFile(tunnelCredentialOf(credential, secrets)))
    return { id: secrets.id, name: secrets.name, site: credential.site, path }
  })
  if (typeof made === 'number') return made
  const { id, path, site } = made
  note(`created tunnel "${made.name}" of "${site}" with id ${id}`)
  note(`its credential is in "${path}": whoever has that file can be a connector of this tunnel`)
  note(`  hint: lead a name to it with "postern tunnel route dns ${made.name} NAME.${site}"`)
  if (options.json) printJson({ id, name: made.name, site, credentials_file: path })
  return exitCodes.ok
}
