import { readFile, rename } from 'node:fs/promises'
import { z } from 'zod'
import { ConfigError, SystemError, formatProblem, messageOf, systemCode } from '../../errors.ts'
import { fingerprintOf } from '../../files.ts'
import { replaceFile } from '../../reach/replace-file.ts'
import { readDocument } from '../../schema.ts'
import { savedConnection, type SavedConnection } from '../wire/connection.ts'

/** The form of the file: a later release that changes it counts up. */
const formVersion = 1

/**
 * Most connections that are kept.
 *
 * @limit saved connections: another one is refused
 */
export const maxConnections = 10_000

const fileSchema = z.strictObject({
  version: z.literal(formVersion),
  connections: z.array(savedConnection).max(maxConnections),
})

/** What was found. */
export interface ReadConnections {
  readonly connections: readonly SavedConnection[]
  /** Where a file that could not be read is now, and what was wrong with it. */
  readonly damaged?: { readonly path: string; readonly why: string }
}

/** The file of a person's connections (0600). It has one writer, the daemon, and perhaps a person with an editor. */
export interface ConnectionsFile {
  /**
   * Reads it; no file is an empty list. One that cannot be understood is set aside, and never written over.
   *
   * @throws SystemError `connections-unreadable`, also for one that a later release has written
   */
  read(): Promise<ReadConnections>
  /**
   * Writes it, whole or not at all.
   *
   * @throws SystemError `connections-changed` where somebody else has written it since, `connections-unwritable`
   */
  write(connections: readonly SavedConnection[]): Promise<void>
}

/** `nowMs` names what is set aside. */
export function openConnectionsFile(path: string, nowMs: () => number = Date.now): ConnectionsFile {
  /** Of what was read or written last. */
  let known = fingerprintOf(undefined)

  async function setAside(why: string): Promise<ReadConnections> {
    const time = new Date(nowMs()).toISOString().replaceAll(/[:.]/g, '-')
    const aside = `${path}.damaged-${time}`
    try {
      await rename(path, aside)
    } catch (error) {
      throw unreadable(path, `it is damaged (${why}), and cannot be set aside: ${messageOf(error)}`)
    }
    known = fingerprintOf(undefined)
    return { connections: [], damaged: { path: aside, why } }
  }

  return {
    async read() {
      const bytes = await readOrNone(path)
      known = fingerprintOf(bytes)
      if (bytes === undefined) return { connections: [] }
      const text = bytes.toString()
      if (versionOf(text) > formVersion) {
        throw unreadable(path, 'a later release of postern has written it')
      }
      try {
        const { connections } = readDocument(path, text, fileSchema)
        const twice = idGivenTwice(connections)
        return twice === undefined
          ? { connections }
          : await setAside(`the id "${twice}" is there twice`)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        const [first] = error.problems
        return await setAside(
          first === undefined ? error.message : formatProblem({ ...first, hint: undefined }),
        )
      }
    },
    async write(connections) {
      if (fingerprintOf(await readOrNone(path)) !== known) {
        throw new SystemError('connections-changed', `"${path}" was changed by another program`, {
          hint: 'it is read again: look at what it says now, and try again',
        })
      }
      const text = `${JSON.stringify({ version: formVersion, connections }, undefined, 2)}\n`
      try {
        await replaceFile(path, text)
      } catch (error) {
        throw new SystemError(
          'connections-unwritable',
          `cannot write "${path}": ${messageOf(error)}`,
          {
            hint: 'nothing was changed: see that there is room, and that you may write there',
            cause: error,
          },
        )
      }
      known = fingerprintOf(Buffer.from(text))
    },
  }
}

async function readOrNone(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw unreadable(path, messageOf(error), error)
  }
}

/** 0 for what says none. */
function versionOf(text: string): number {
  try {
    const value: unknown = JSON.parse(text)
    const version: unknown =
      typeof value === 'object' && value !== null ? Reflect.get(value, 'version') : undefined
    return typeof version === 'number' ? version : 0
  } catch {
    return 0
  }
}

function idGivenTwice(connections: readonly SavedConnection[]): string | undefined {
  const seen = new Set<string>()
  return connections.find(({ id }) => seen.size === seen.add(id).size)?.id
}

function unreadable(path: string, why: string, cause?: unknown): SystemError {
  return new SystemError('connections-unreadable', `cannot use "${path}": ${why}`, {
    hint: 'move it away to begin anew',
    cause,
  })
}
