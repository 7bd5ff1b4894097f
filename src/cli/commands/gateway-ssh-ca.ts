import { createControlClient } from '../../control/client.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { printJson, printLine } from '../speech/print.ts'
import type { SessionsOptions } from './gateway-options.ts'
import { findStateDirectory } from './state-directory.ts'

/** Prints what an sshd is to trust; resolves to the exit code. */
export async function printSshCa(options: SessionsOptions): Promise<number> {
  const { keys } = await createControlClient(await findStateDirectory(options)).listSshCaKeys()
  if (options.json) printJson({ keys })
  else for (const key of keys) printLine(key)
  return exitCodes.ok
}
