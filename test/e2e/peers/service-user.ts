import { readFileSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope } from '../scope.ts'

/** Whom a server runs as, in the form of `spawn`: nobody when we are root, ourselves otherwise. */
export interface ServiceUser {
  readonly uid?: number
  readonly gid?: number
}

/** Databases refuse to run as root. */
export function serviceUser(): ServiceUser {
  if (process.getuid?.() !== 0) return {}
  const nobody = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))
  if (nobody === null) throw new Error('there is no user "nobody" for servers to run as')
  return { uid: Number(nobody[1]), gid: Number(nobody[2]) }
}

/** A directory that the service user owns: the scope's own is closed to it. */
export async function serviceDirectory(scope: Scope): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-peer-'))
  scope.defer(() => rm(directory, { recursive: true, force: true }))
  const { uid, gid } = serviceUser()
  if (uid !== undefined && gid !== undefined) await chown(directory, uid, gid)
  return directory
}
