import { randomBytes } from 'node:crypto'
import { mainPath } from '../../postern-program.ts'
import { runChild } from '../child.ts'
import { inScope, type Scope } from '../scope.ts'

// Each of these tests plants a secret where none belongs, as a program with a fault would: a search that does not find it is none.

export const token = `${randomBytes(24).toString('base64url')}+/="`

/** Rejects with what was found. */
export function searched(run: (scope: Scope) => Promise<void>): Promise<void> {
  return inScope(
    async (scope) => {
      scope.secrets.add('session token', token)
      await run(scope)
    },
    () => undefined,
    true,
  )
}

/** Runs a script that passes for the program. */
export async function play(
  scope: Scope,
  script: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const line = ['-e', script, mainPath, 'tcp', ...args]
  await runChild(scope, process.execPath, line, { env, input: token })
}
