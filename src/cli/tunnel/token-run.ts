import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keepCredential } from '../../client/publish/credential-directory.ts'
import { SystemError } from '../../errors.ts'
import { isStockService } from '../../tunnel/publish.ts'
import {
  decodeCredentialsFile,
  decodeTunnelToken,
  encodeCredentialsFile,
  encodeTunnelToken,
} from '../../tunnel/tunnel-credential.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson, printLongLine } from '../speech/print.ts'
import { printStockStart } from './stock-start.ts'
import {
  asPublisher,
  credentialDirectoryOf,
  tunnelCredentialOf,
  type PublisherOptions,
} from './publisher-options.ts'

export interface TokenOptions extends PublisherOptions {
  readonly output?: string
  readonly credFile?: string
  readonly rotate?: boolean
  readonly forCloudflared?: boolean
  readonly service?: string
  readonly caFile?: string
}

/** Runs `postern tunnel token`; resolves to the exit code. */
export async function runToken(nameOrId: string, options: TokenOptions): Promise<number> {
  const { output, credFile, rotate = false, service, caFile } = options
  if (options.forCloudflared !== true && (service !== undefined || caFile !== undefined))
    throw new SystemError('invalid-option', '"--service" and "--ca-file" need "--for-cloudflared"')
  if (service !== undefined && !isStockService(service))
    throw new SystemError('invalid-service', `"${service}" is no service that carries bytes`, {
      hint: 'write tcp://HOST:PORT',
    })
  // Before anything is asked for, since a rotation ends what was there.
  for (const path of [output, credFile]) if (path !== undefined) await refuseOthers(path)
  const found = await asPublisher(options, async ({ api, credential }) => {
    const secrets = await api.token(nameOrId, rotate, service)
    return { secrets, credential: tunnelCredentialOf(credential, secrets) }
  })
  if (typeof found === 'number') return found
  const { secrets, credential } = found
  const { id, name } = secrets
  if (rotate) note(`rotated the credential of "${name}": connectors with the old one are cut off`)
  const token = encodeTunnelToken(credential)
  if (options.forCloudflared === true) {
    const path = caFile ?? join(credentialDirectoryOf(options), 'connectors-ca.pem')
    await printStockStart(
      { ...secrets, gateway: credential.gateway, token, path, service },
      options,
    )
    return exitCodes.ok
  }
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

/** A file that holds something else than the credential of a tunnel would be lost by a slip in its name. */
async function refuseOthers(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '')
  if (text === '' || isCredential(text)) return
  throw new SystemError('output-exists', `"${path}" holds something else than a credential`, {
    hint: 'name another file, or remove this one',
  })
}

function isCredential(text: string): boolean {
  return [decodeTunnelToken, decodeCredentialsFile].some((decode) => {
    try {
      return decode(text, 'it').tunnelId !== ''
    } catch {
      return false
    }
  })
}
