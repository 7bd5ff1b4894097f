import { existsSync, realpathSync } from 'node:fs'
import { SystemError } from '../../errors.ts'
import { isExecutable } from '../../is-bun.ts'

/** This program as it was started: the runtime and the script, or one executable. */
export function ownProgram(): readonly string[] {
  // It has something within itself as its script, of which Bun says that it is there.
  if (isExecutable) return [process.execPath]
  const script = process.argv[1]
  const path = script !== undefined && existsSync(script) ? realpathSync(script) : ''
  return /\.[cm]?[jt]s$/.test(path) ? [process.execPath, path] : [process.execPath]
}

/**
 * The same for something that begins it later.
 *
 * @throws SystemError `not-for-a-service` for a copy that is about to go
 */
export function lastingProgram(): readonly string[] {
  const program = ownProgram()
  for (const part of program) requireLasting(part)
  return program
}

/** `npx` keeps what it runs in a cache, under a name that changes with the version. */
function requireLasting(path: string): void {
  if (!/[\\/]_npx[\\/]/.test(path)) return
  throw new SystemError('not-for-a-service', `"${path}" is a copy in the cache of npx`, {
    hint: 'install postern to stay: "npm install -g"',
  })
}
