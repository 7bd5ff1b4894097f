import { keepCredential } from '../../client/publish/credential-directory.ts'
import { encodeCredentialsFile, encodeTunnelToken } from '../../tunnel/tunnel-credential.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson, printLongLine } from '../speech/print.ts'
import { asPublisher, tunnelCredentialOf, type PublisherOptions } from './publisher-options.ts'

export interface TokenOptions extends PublisherOptions {
  readonly output?: string
  readonly credFile?: string
  readonly rotate?: boolean
}

/** Runs `postern tunnel token`; resolves to the exit code. */
export async function runToken(nameOrId: string, options: TokenOptions): Promise<number> {
  const { output, credFile, rotate = false } = options
  const found = await asPublisher(options, async ({ api, credential }) => {
    const secrets = await api.token(nameOrId, rotate)
    return { secrets, credential: tunnelCredentialOf(credential, secrets) }
  })
  if (typeof found === 'number') return found
  const { secrets, credential } = found
  const { id, name } = secrets
  if (rotate) note(`rotated the credential of "${name}": connectors with the old one are cut off`)
  const token = encodeTunnelToken(credential)
  if (output !== undefined) await keepCredential(output, `${token}\n`)
  if (credFile !== undefined) await keepCredential(credFile, encodeCredentialsFile(credential))
  const isKept = output !== undefined || credFile !== undefined
  for (const path of [output, credFile].filter((it) => it !== undefined))
    note(`the credential of "${name}" is in "${path}", readable by this user only`)
  if (options.json)
    printJson({ id, name, ...(isKept ? { output, cred_file: credFile } : { token }) })
  else if (!isKept) printLongLine(token)
  return exitCodes.ok
}
