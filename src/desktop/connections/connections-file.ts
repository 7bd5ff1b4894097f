import { z } from 'zod'
import { ConfigError, SystemError, formatProblem, messageOf } from '../../errors.ts'
import { fingerprintOf } from '../../files.ts'
import {
  parseKept,
  readKept,
  setAside,
  versionOf,
  writtenLater,
  type SetAside,
} from '../../reach/kept-file.ts'
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

/**
 * Largest file that is read, in bytes: a longer text cannot be made of it.
 *
 * @limit the file of saved connections: it is set aside as a damaged one is
 */
const maxFileBytes = 512 * 1024 * 1024

const fileSchema = z.strictObject({
  version: z.literal(formVersion),
  connections: z.array(savedConnection).max(maxConnections),
})

/** What was found. */
export interface ReadConnections {
  readonly connections: readonly SavedConnection[]
  /** Where a file that could not be read is now, and what was wrong with it. */
  readonly damaged?: SetAside
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
  const file = { path, code: 'connections-unreadable', maxBytes: maxFileBytes }
  /** Of what was read or written last. */
  let known = fingerprintOf(undefined)

  async function damaged(why: string): Promise<ReadConnections> {
    const aside = await setAside(file, why, nowMs())
    known = fingerprintOf(undefined)
    return { connections: [], damaged: aside }
  }

  return {
    async read() {
      const bytes = await readKept(file)
      if (bytes === 'too-large') return damaged(`it is larger than ${maxFileBytes} bytes`)
      known = fingerprintOf(bytes)
      if (bytes === undefined) return { connections: [] }
      const text = bytes.toString()
      if (versionOf(parseKept(text)) > formVersion) throw writtenLater(file)
      try {
        const { connections } = readDocument(path, text, fileSchema)
        const twice = idGivenTwice(connections)
        return twice === undefined
          ? { connections }
          : await damaged(`the id "${twice}" is there twice`)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        const [first] = error.problems
        return await damaged(
          first === undefined ? error.message : formatProblem({ ...first, hint: undefined }),
        )
      }
    },
    async write(connections) {
      const now = await readKept(file)
      if (now === 'too-large' || fingerprintOf(now) !== known) {
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

function idGivenTwice(connections: readonly SavedConnection[]): string | undefined {
  const seen = new Set<string>()
  return connections.find(({ id }) => seen.size === seen.add(id).size)?.id
}
