import { builtDirectory, readBuiltFiles, type BuiltFiles } from '../built-files.ts'
import type { Logger } from '../log.ts'
import type { OpenIdentity } from './open-identity.ts'

/** The script of the pages about passkeys; undefined where nobody needs it, or where it was not built, which is said. */
export async function readPasskeyFiles(
  signIn: OpenIdentity['signIn'],
  logger: Logger,
): Promise<BuiltFiles | undefined> {
  if (signIn?.identity.localAccounts === undefined) return undefined
  const directory = builtDirectory('passkeys')
  const files = await readBuiltFiles(directory)
  if (files === undefined) {
    const hint = 'run "npm run build"'
    logger.error('the script for passkeys is not built, nobody can use one', { directory, hint })
  }
  return files
}
