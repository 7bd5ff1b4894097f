import { exposureOf } from '../../file-text.ts'
import { secretFiles } from '../source/settings.ts'
import type { Findings } from '../source/findings.ts'
import type { Source } from '../source/source.ts'
import { valueAt } from '../../schema.ts'
import type { Problem } from '../../errors.ts'
import type { Path, ProblemDetails, YamlText } from '../../yaml-text.ts'
import type { GlobalKey } from '../keys/keys.ts'
import { parseSecretKey } from '../../setting-values.ts'

export interface Secrets {
  readonly idpClientSecret: string | undefined
  readonly sharedSecrets: readonly Buffer[]
  readonly cookieSecrets: readonly Buffer[]
  /** The first encrypts, the others read what was encrypted before; none: by the shared secret. */
  readonly tokenEncryptionKeys: readonly Buffer[]
}

type SecretName = keyof typeof secretFiles

/** Reads each secret from where it stands: its key, or the file its `_file` key names. */
export async function readSecrets(source: Source): Promise<Secrets> {
  const { settings, findings } = source
  const { values } = settings
  const fromFile = (name: SecretName): Promise<string | undefined> => readSecretFile(name, source)
  const keysOf = async (
    name: 'shared_secret' | 'cookie_secret' | 'token_encryption_key',
  ): Promise<readonly Buffer[]> => {
    const given = values[name]
    if (given !== undefined) return [given]
    const lines = (await fromFile(name))?.split('\n').filter((line) => line.trim() !== '') ?? []
    const keys = lines.map(parseSecretKey).filter((key) => key !== undefined)
    if (keys.length < lines.length) {
      const message = 'must name a file with base64 of exactly 32 bytes on each line'
      const hint = 'make a line with: head -c32 /dev/urandom | base64'
      findings.problems.push(settings.problem(secretFiles[name], message, { hint }))
    }
    return keys
  }
  return {
    idpClientSecret: values.idp_client_secret ?? (await fromFile('idp_client_secret')),
    sharedSecrets: await keysOf('shared_secret'),
    tokenEncryptionKeys: await keysOf('token_encryption_key'),
    cookieSecrets: await keysOf('cookie_secret'),
  }
}

async function readSecretFile(
  name: SecretName,
  { settings, files, findings }: Source,
): Promise<string | undefined> {
  const fileKey = secretFiles[name]
  const path = settings.values[fileKey]
  if (path === undefined) return undefined
  if (settings.isGiven(name)) {
    const message = `cannot be given together with "${name}": choose one of them`
    findings.problems.push(settings.problem(fileKey, message, { at: 'key' }))
    return undefined
  }
  return readSecretText(path, (message, details) => settings.problem(fileKey, message, details), {
    files,
    findings,
  })
}

/** Reads a secret from its file; `problem` says where the path stands. */
export async function readSecretText(
  path: string,
  problem: (message: string, details?: ProblemDetails) => Problem,
  { files, findings }: Pick<Source, 'files' | 'findings'>,
): Promise<string | undefined> {
  const file = await files.read(path)
  if (!file.ok) {
    findings.problems.push(problem(file.message))
    return undefined
  }
  const warning = exposureOf(file)
  if (warning !== undefined) findings.warnings.push(problem(...warning))
  const text = file.text.trim()
  if (text !== '') return text
  findings.problems.push(problem('must name a file with the secret, not an empty one'))
  return undefined
}

const inlineSecrets = [
  'certificate_key',
  'autocert_eab_mac_key',
  'idp_client_secret',
  'shared_secret',
  'cookie_secret',
  'token_encryption_key',
] as const satisfies readonly GlobalKey[]

/** Warns of a secret that is written into a file that everybody can read. */
export function warnOfExposed(text: YamlText, findings: Findings): void {
  const mapping = text.value
  if (typeof mapping !== 'object' || mapping === null) return
  const first = secretPathsIn(mapping)[0]
  if (first === undefined) return
  const message = 'is a secret in a file that everybody on this machine can read'
  findings.warnings.push(text.problem(first, message, { hint: 'chmod 600 the file', at: 'key' }))
}

function secretPathsIn(mapping: object): readonly Path[] {
  const providers = valueAt(mapping, ['identity_providers'])
  const entries = Object.keys(providers ?? {}).map((id): Path => [
    'identity_providers',
    id,
    'client_secret',
  ])
  const paths = [...inlineSecrets.map((key): Path => [key]), ...entries]
  return paths.filter((path) => valueAt(mapping, path) !== undefined)
}
