import { realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { SystemError, messageOf } from '../../errors.ts'
import { isExecutable } from '../../is-bun.ts'
import { lastingProgram } from '../process/own-program.ts'

/** Homes (`ProtectHome=`), and temporary files, of which a service with `DynamicUser=` has its own. */
const hidden = /^\/(?:home|root|run\/user|tmp|var\/tmp)\//

/**
 * This program as a service begins it, whose user can read it.
 *
 * @throws SystemError `not-for-a-service`
 */
export function serviceProgram(): readonly string[] {
  const [command = '', ...scripts] = lastingProgram()
  const hint = isExecutable
    ? `give everybody the file: sudo install -m 755 "${command}" /usr/local/bin/postern`
    : 'install postern for all users: "npm install -g"'
  requireRunnable(command, hint)
  for (const script of scripts) requireReadable(script, hint)
  return [command, ...scripts]
}

/**
 * Checks that the user of a service, who is one of its own, can read a file.
 *
 * @throws SystemError `not-for-a-service`, with `hint`
 */
export function requireReadable(path: string, hint: string): void {
  requireMode(path, readable, hint)
}

/**
 * The same of a program, which reads itself where its script is within.
 *
 * @throws SystemError `not-for-a-service`, with `hint`
 */
export function requireRunnable(path: string, hint: string): void {
  requireMode(path, runnable, hint)
}

/** What everybody needs of a file, and what is told to give it. */
const readable = { bits: 0o004, mode: '644' }
const runnable = { bits: 0o005, mode: '755' }
/** What everybody needs of the folders above it. */
const searchableBits = 0o001

function requireMode(path: string, { bits, mode }: typeof readable, hint: string): void {
  const real = realPath(path, hint)
  if (hidden.test(real)) throw unreadable(path, 'homes and /tmp are hidden from it', hint)
  const allows = (it: string, needed: number): boolean => (statSync(it).mode & needed) === needed
  const closed = allows(real, bits)
    ? ancestors(real).find((it) => !allows(it, searchableBits))
    : real
  if (closed === undefined) return
  const what = closed === real ? `chmod ${mode} "${real}"` : `chmod 755 "${closed}"`
  throw unreadable(path, `it is for its owner or group alone: ${what}`, hint)
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
