import { lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { loadConfig, type LoadedConfig } from '../../config/load.ts'
import { ConfigError, messageOf, SystemError, systemCode } from '../../errors.ts'
import { environment } from '../process/environment.ts'
import type { InitAnswers } from './answers.ts'
import { formatInitConfig, initFiles } from './config-text.ts'

/** What was made. */
export interface WrittenInit {
  /** Paths, the configuration first. */
  readonly files: readonly string[]
  /** What the check of it says. */
  readonly warnings: LoadedConfig['warnings']
}

/**
 * How long certificates of an authority made here hold, in milliseconds: what clients accept at most.
 *
 * @limit life of a certificate that `postern gateway init` makes to try things out: clients refuse it then
 */
const maxLocalLifeMs = 397 * 86_400_000

/**
 * Writes the configuration and what belongs beside it. It is checked before it is there; nothing is left of one that does
 * not hold. No file that is there is written over, unless `isForced`.
 *
 * @throws SystemError `init-exists`, `init-unwritable`; ConfigError where it does not hold
 */
export async function writeInit(
  path: string,
  answers: InitAnswers,
  { isForced = false }: { readonly isForced?: boolean } = {},
): Promise<WrittenInit> {
  const directory = dirname(resolve(path))
  const beside = await filesBeside(answers)
  const all = [path, ...Object.keys(beside).map((name) => join(dirname(path), name))]
  if (!isForced) for (const file of [...all, `${path}.new`]) await refuseExisting(file)
  const written: string[] = []
  const write = async (name: string, text: string): Promise<void> => {
    const file = join(directory, name)
    // Anew: one that is there would keep its mode, and a link lead elsewhere.
    if (isForced) await rm(file, { force: true })
    await writeFile(file, text, { mode: 0o600, flag: 'wx' })
    written.push(file)
  }
  const draft = `${basename(path)}.new`
  try {
    await mkdir(directory, { recursive: true })
    for (const [name, text] of Object.entries(beside)) await write(name, text)
    await write(draft, formatInitConfig(answers))
    const { warnings } = await loadConfig({ path: join(directory, draft), env: environment })
    await rename(join(directory, draft), path)
    return { files: all, warnings: warnings.map((it) => ({ ...it, source: path })) }
  } catch (error) {
    for (const file of isForced ? [join(directory, draft)] : written)
      await rm(file, { force: true })
    // By the name that it would have had.
    if (error instanceof ConfigError)
      throw new ConfigError(error.problems.map((problem) => ({ ...problem, source: path })))
    if (systemCode(error) === undefined) throw error
    throw new SystemError('init-unwritable', `cannot write "${path}": ${messageOf(error)}`, {
      cause: error,
      hint: 'choose another place: postern gateway init FILE',
    })
  }
}

async function refuseExisting(file: string): Promise<void> {
  // A link that leads nowhere is there as well.
  const isThere = await lstat(file).then(
    () => true,
    () => false,
  )
  if (!isThere) return
  throw new SystemError('init-exists', `"${file}" is there already`, {
    hint: 'choose another place (postern gateway init FILE), or write over it with "--force"',
  })
}

/** By their names. */
async function filesBeside({
  host,
  certificates,
  signIn,
}: InitAnswers): Promise<Readonly<Record<string, string>>> {
  const secret = 'secret' in signIn ? signIn.secret : undefined
  return {
    ...(secret !== undefined && 'text' in secret && { [initFiles.secret]: `${secret.text}\n` }),
    ...(certificates.kind === 'local' && (await localCertificates(host))),
  }
}

async function localCertificates(host: string): Promise<Readonly<Record<string, string>>> {
  const { createCertificateAuthority } = await import('../../net/certificate.ts')
  const notAfter = new Date(Date.now() + maxLocalLifeMs)
  // Its key is kept nowhere: whoever trusts it trusts this one certificate.
  const authority = await createCertificateAuthority({ name: `Postern, for ${host}`, notAfter })
  const { cert, key } = await authority.issue([host], { notAfter })
  return {
    [initFiles.ca]: authority.cert,
    [initFiles.certificate]: cert,
    [initFiles.key]: key,
  }
}
