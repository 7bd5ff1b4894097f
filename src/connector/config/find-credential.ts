import { join } from 'node:path'
import { SystemError } from '../../errors.ts'
import type { Files } from '../../files.ts'
import {
  decodeCredentialsFile,
  decodeTunnelToken,
  type TunnelCredential,
} from '../../tunnel/tunnel-credential.ts'
import type { ConfigValues } from './config-keys.ts'

export interface FindCredentialOptions {
  /** Where credentials files are looked for by the id of a tunnel, in this order. */
  readonly directories: readonly string[]
  /** Asks for the credential of a tunnel that has no file here. */
  readonly askForCredential?: ((nameOrId: string) => Promise<TunnelCredential>) | undefined
  readonly files: Files
}

export interface FoundCredential {
  readonly credential: TunnelCredential
  /** The credentials file that it is from; undefined: nothing can be kept where it is from. */
  readonly file: string | undefined
}

/**
 * The credential that settings name: whichever form the first of them has that has one, or else what there is
 * for the tunnel that is named.
 *
 * @throws SystemError `no-credential` or `invalid-tunnel-token`
 */
export async function findCredential(
  layers: readonly ConfigValues[],
  options: FindCredentialOptions,
): Promise<FoundCredential> {
  const name = layers.find(({ tunnel }) => tunnel !== undefined)?.tunnel
  for (const layer of layers) {
    if (layer.token !== undefined) return unkept(decodeTunnelToken(layer.token))
    const { 'token-file': tokenFile, 'credentials-file': credentialsFile } = layer
    if (tokenFile !== undefined) {
      const text = await readSecret(tokenFile, options.files)
      return unkept(decodeTunnelToken(text, `"${tokenFile}"`))
    }
    const contents = layer['credentials-contents']
    if (contents !== undefined)
      return unkept(decodeCredentialsFile(contents, '"credentials-contents"'))
    if (credentialsFile !== undefined) return ofFile(credentialsFile, options.files)
  }
  if (name === undefined) throw withoutCredential()
  return byName(name, options)
}

async function byName(
  name: string,
  { directories, askForCredential, files }: FindCredentialOptions,
): Promise<FoundCredential> {
  const isId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name)
  for (const directory of isId ? directories : []) {
    const path = join(directory, `${name.toLowerCase()}.json`)
    if ((await files.read(path)).ok) return ofFile(path, files)
  }
  if (askForCredential !== undefined) return unkept(await askForCredential(name))
  throw new SystemError('no-credential', `there is no credential for the tunnel "${name}" here`, {
    hint: 'sign in with "postern tunnel login", or give "--token-file FILE" or "--credentials-file FILE"',
  })
}

async function ofFile(path: string, files: Files): Promise<FoundCredential> {
  return {
    credential: decodeCredentialsFile(await readSecret(path, files), `"${path}"`),
    file: path,
  }
}

function unkept(credential: TunnelCredential): FoundCredential {
  return { credential, file: undefined }
}

async function readSecret(path: string, files: Files): Promise<string> {
  const read = await files.read(path)
  if (read.ok) return read.text
  throw new SystemError('no-credential', read.message, {
    hint: '"postern tunnel token NAME" prints a token, "postern tunnel create" writes a credentials file',
  })
}

function withoutCredential(): SystemError {
  return new SystemError('no-credential', 'no tunnel is named', {
    hint: 'give its name, "--token-file FILE" or "--credentials-file FILE"; "postern tunnel --hostname NAME --url URL" makes one',
  })
}
