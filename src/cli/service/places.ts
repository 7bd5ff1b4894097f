import { realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { SystemError, messageOf } from '../../errors.ts'
import { lastingProgram } from '../process/own-program.ts'

/** Homes (`ProtectHome=`), and temporary files, of which a service with `DynamicUser=` has its own. */
const hidden = /^\/(?:home|root|run\/user|tmp|var\/tmp)\//

/**
 * This program as a service begins it, whose user can read it.
 *
 * @throws SystemError `not-for-a-service`
 */
export function serviceProgram(): readonly string[] {
  const program = lastingProgram()
  for (const part of program)
    requireReadable(part, 'install postern for all users: "npm install -g"')
  return program
}

/**
 * Checks that the user of a service, who is one of its own, can read a file.
 *
 * @throws SystemError `not-for-a-service`, with `hint`
 */
export function requireReadable(path: string, hint: string): void {
  const real = realPath(path, hint)
  if (hidden.test(real)) throw unreadable(path, 'homes and /tmp are hidden from it', hint)
  const closed = [real, ...ancestors(real)].find(
    (it) => (statSync(it).mode & needed(it, real)) === 0,
  )
  if (closed === undefined) return
  const what = closed === real ? `chmod 644 "${real}"` : `chmod 755 "${closed}"`
  throw unreadable(path, `it is for its owner or group alone: ${what}`, hint)
}

function needed(path: string, file: string): number {
  return path === file ? 0o004 : 0o001
}

function ancestors(path: string): readonly string[] {
  const above = dirname(path)
  return above === path ? [] : [above, ...ancestors(above)]
}

function realPath(path: string, hint: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    throw unreadable(path, messageOf(error), hint)
  }
}

function unreadable(path: string, why: string, hint: string): SystemError {
  const message = `the user of the service cannot read "${path}": ${why}`
  return new SystemError('not-for-a-service', message, { hint })
}
