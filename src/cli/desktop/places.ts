import { hash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { SystemError, messageOf } from '../../errors.ts'
import { configDirectory, desktopDirectory } from '../process/environment.ts'

/** Where the desktop daemon of this user has its files. */
export interface DesktopPlaces {
  /** What a person keeps. */
  readonly connections: string
  /** What the daemon keeps from one start to the next (0700). */
  readonly directory: string
  /** Where it is asked. */
  readonly socket: string
  /** What it says when it runs in the background. */
  readonly log: string
}

/** These places, by the environment. */
export function desktopPlaces(platform: NodeJS.Platform = process.platform): DesktopPlaces {
  const directory = desktopDirectory()
  return {
    connections: join(configDirectory(), 'connections.json'),
    directory,
    socket:
      platform === 'win32'
        ? `\\\\.\\pipe\\postern-${hash('sha256', directory).slice(0, 16)}`
        : join(directory, 'daemon.sock'),
    log: join(directory, 'daemon.log'),
  }
}

/**
 * Makes the directory of what the daemon keeps (0700).
 *
 * @throws SystemError `daemon-not-started`
 */
export function makeDirectory({ directory }: DesktopPlaces): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    const message = `cannot make the directory "${directory}": ${messageOf(error)}`
    throw new SystemError('daemon-not-started', message, {
      hint: 'set HOME or XDG_STATE_HOME to a directory that you may write to',
      cause: error,
    })
  }
}
