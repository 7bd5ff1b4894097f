import { readSmallFile } from '../../reach/small-file.ts'
import { SystemError, messageOf } from '../../errors.ts'
import { isToken } from '../../tunnel/sign-in.ts'
import { idAndSecretVariables, parseIdAndSecret } from './id-and-secret.ts'
import type { Voice } from '../speech/voice.ts'

/** Options by which a command takes a service account's credential. */
export interface ServiceAccountOptions {
  readonly serviceAccount?: string
  readonly serviceAccountFile?: string
  readonly serviceTokenId?: string
  readonly serviceTokenSecret?: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** Options that hold a secret, by which every user of the machine can read it. */
const secretOptions = {
  serviceAccount: '--service-account',
  serviceTokenSecret: '--service-token-secret',
} as const

/** The option by which a secret was given as an argument; undefined when none was. */
export function exposedServiceAccount(options: ServiceAccountOptions): string | undefined {
  if (options.serviceAccount !== undefined) return secretOptions.serviceAccount
  return options.serviceTokenSecret === undefined ? undefined : secretOptions.serviceTokenSecret
}

/** Warns of a secret that was given as an argument. */
export function warnAboutSecrets(options: ServiceAccountOptions, voice: Voice): void {
  const exposed = exposedServiceAccount(options)
  if (exposed === undefined) return
  voice.warn(`every user of this machine can read "${exposed}" while this runs`, {
    hint: 'use "--service-account-file", or a variable such as POSTERN_SERVICE_ACCOUNT',
  })
}

/**
 * Reads a service account's credential, as a token or as `ID:SECRET`; undefined when none is given.
 * The command line comes before the environment; an empty variable is none.
 *
 * @throws SystemError `service-account-unreadable` or `invalid-service-account`
 */
export async function readServiceAccount(
  options: ServiceAccountOptions,
  env: Environment,
): Promise<string | undefined> {
  refuseSeveral(options)
  if (options.serviceAccount !== undefined) return checkToken(options.serviceAccount)
  if (options.serviceAccountFile !== undefined) return readFile(options.serviceAccountFile)
  if (options.serviceTokenId === undefined && options.serviceTokenSecret === undefined) {
    const { POSTERN_SERVICE_ACCOUNT: token, POSTERN_SERVICE_ACCOUNT_FILE: file } = env
    if (token) return checkToken(token)
    if (file) return readFile(file)
  }
  return joinPair(
    options.serviceTokenId ?? (env[idAndSecretVariables.id] || undefined),
    options.serviceTokenSecret ?? (env[idAndSecretVariables.secret] || undefined),
  )
}

function refuseSeveral(options: ServiceAccountOptions): void {
  const given = [
    options.serviceAccount !== undefined && '"--service-account"',
    options.serviceAccountFile !== undefined && '"--service-account-file"',
    options.serviceTokenId !== undefined && '"--service-token-id"',
    options.serviceTokenSecret !== undefined &&
      options.serviceTokenId === undefined &&
      '"--service-token-secret"',
  ].filter((name) => name !== false)
  if (given.length < 2) return
  throw invalid(`${given.join(' and ')} name two service accounts`, 'give one of them')
}

function checkToken(text: string): string {
  const token = text.trim()
  if (isToken(token)) return token
  throw invalid(
    'the service account is not a token',
    'a token is one line of letters, digits, "-", "_" and "."',
  )
}

/** What `postern service-account create --output` writes: a token, or lines with an id and a secret. */
async function readFile(path: string): Promise<string> {
  const text = await readSmallFile(path).catch((cause: unknown) => {
    throw new SystemError(
      'service-account-unreadable',
      `cannot read "${path}": ${messageOf(cause)}`,
      {
        cause,
      },
    )
  })
  const pair = parseIdAndSecret(text)
  if (pair !== undefined) return joinPair(pair.id, pair.secret) ?? checkToken(text)
  if (isToken(text.trim())) return text.trim()
  throw invalid(
    `"${path}" holds no service account's credential`,
    'it must be a file that "postern service-account create --output" wrote: a token, or lines with an id and a secret',
  )
}

/** What can stand in a header (RFC 9110 §5.5), and no colon in an id: it ends there. */
const idShape = /^[\x21-\x39\x3b-\x7e]{1,256}$/
const secretShape = /^[\x21-\x7e]{1,1024}$/

function joinPair(id: string | undefined, secret: string | undefined): string | undefined {
  if (id === undefined && secret === undefined) return undefined
  if (id === undefined || secret === undefined) {
    const [missing, given] = id === undefined ? ['id', 'secret'] : ['secret', 'id']
    throw invalid(
      `the ${given} of a service account is given without its ${missing}`,
      `set ${missing === 'id' ? idAndSecretVariables.id : idAndSecretVariables.secret}, or name a file with "--service-account-file"`,
    )
  }
  if (idShape.test(id) && secretShape.test(secret)) return `${id}:${secret}`
  throw invalid(
    'the id or the secret of the service account cannot be right',
    'each is one word of visible ASCII characters, the id without ":"',
  )
}

function invalid(message: string, hint: string): SystemError {
  return new SystemError('invalid-service-account', message, { hint })
}
