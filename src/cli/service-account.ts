import { readSmallFile } from '../client/small-file.ts'
import { SystemError, messageOf } from '../errors.ts'
import { isToken } from '../tunnel/sign-in.ts'

/** Where a service account's token may come from. */
export interface ServiceAccountSources {
  readonly argument: string | undefined
  readonly file: string | undefined
  readonly environment: string | undefined
}

/**
 * Reads the token of a service account; undefined when none is given. The command line comes before
 * the environment.
 *
 * @throws SystemError `service-account-unreadable` or `invalid-service-account`
 */
export async function readServiceAccount(
  sources: ServiceAccountSources,
): Promise<string | undefined> {
  const { argument, file, environment } = sources
  const text = argument ?? (file === undefined ? environment : await readTokenFile(file))
  if (text === undefined || (text === '' && text === environment)) return undefined
  const token = text.trim()
  if (isToken(token)) return token
  throw new SystemError('invalid-service-account', 'the service account is not a token', {
    hint: 'a token is one line of letters, digits, "-", "_" and "."',
  })
}

async function readTokenFile(path: string): Promise<string> {
  try {
    return await readSmallFile(path)
  } catch (error) {
    throw new SystemError(
      'service-account-unreadable',
      `cannot read "${path}": ${messageOf(error)}`,
      {
        cause: error,
      },
    )
  }
}
