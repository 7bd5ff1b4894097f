import { join } from 'node:path'
import { hash } from 'node:crypto'
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
