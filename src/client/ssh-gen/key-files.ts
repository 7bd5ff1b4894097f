import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { SystemError, messageOf, systemCode } from '../../errors.ts'
import type { Destination } from '../../reach/destination.ts'
import { ed25519Key } from '../../tunnel/ssh/certificate.ts'
import { formatSshPublicKey, type SshPublicKey } from '../../tunnel/ssh/public-key.ts'
import { replaceFile } from '../../reach/replace-file.ts'
import { formatPrivateKey, keyComment, publicKeyOf } from './private-key.ts'

/** The files of one application, each readable by its owner alone. */
export interface KeyFiles {
  readonly privateKey: string
  readonly publicKey: string
  readonly certificate: string
}

/** Which files those are, in `~/.postern`; OpenSSH finds them by these names as well. */
export function keyFilesFor(home: string, { authority, gateway }: Destination): KeyFiles {
  const host = new URL(`https://${authority}`).hostname
  const port = gateway.port === 443 ? '' : `-${gateway.port}`
  // No ":" of IPv6: Windows has none in names of files.
  const name = `${host.replaceAll(/[[\]]/g, '').replaceAll(':', '-')}${port}-ssh-key`
  const privateKey = join(home, '.postern', name)
  return { privateKey, publicKey: `${privateKey}.pub`, certificate: `${privateKey}-cert.pub` }
}

/**
 * The key that is there, or a new one. Several programs may come at once (`scp`, an editor): the first
 * one's key is everybody's.
 *
 * @throws SystemError `ssh-key-unusable`
 */
export async function openKey(files: KeyFiles): Promise<SshPublicKey> {
  try {
    return (await readKey(files)) ?? (await makeKey(files))
  } catch (cause) {
    const message = `cannot use "${files.privateKey}": ${messageOf(cause)}`
    throw new SystemError('ssh-key-unusable', message, {
      cause,
      hint: 'remove it and the files beside it of that name, and a new key is made',
    })
  }
}

/** By the private key's own file, in which the public half stands as well: the other one may be older. */
async function readKey({ privateKey }: KeyFiles): Promise<SshPublicKey | undefined> {
  const text = await readFile(privateKey, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const key = publicKeyOf(text)
  if (key === undefined) throw new Error('it is no private key of OpenSSH')
  return key
}

const generate = promisify(generateKeyPair)

async function makeKey(files: KeyFiles): Promise<SshPublicKey> {
  const { x = '', d = '' } = (await generate('ed25519')).privateKey.export({ format: 'jwk' })
  const [publicBytes, seed] = [Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url')]
  await mkdir(dirname(files.privateKey), { recursive: true, mode: 0o700 })
  const draft = `${files.privateKey}.${randomBytes(6).toString('hex')}`
  try {
    await writeFile(draft, formatPrivateKey(publicBytes, seed), { mode: 0o600, flag: 'wx' })
    // Unlike a rename, a link never takes the place of another program's key.
    await link(draft, files.privateKey)
  } catch (error) {
    const other = systemCode(error) === 'EEXIST' ? await readKey(files) : undefined
    if (other === undefined) throw error
    return other
  } finally {
    await rm(draft, { force: true })
  }
  const key = ed25519Key(publicBytes)
  await replaceFile(files.publicKey, `${formatSshPublicKey(key, keyComment)}\n`)
  return key
}
