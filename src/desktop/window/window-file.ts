import { readFile, rename } from 'node:fs/promises'
import { z } from 'zod'
import { SystemError, messageOf, systemCode } from '../../errors.ts'
import { replaceFile } from '../../reach/replace-file.ts'
import { isOwnKey } from './signatures.ts'

/**
 * Most browsers that may use the window.
 *
 * @limit browsers that may use the window: the one that was not used for the longest is forgotten
 */
export const maxBrowsers = 16

const formVersion = 1

const fileSchema = z.strictObject({
  version: z.literal(formVersion),
  /** Where the window is: the same port at each start, so that an installed icon works. */
  port: z.int().min(1).max(65_535),
  /** The daemon's own key. */
  key: z.string().max(1_000).refine(isOwnKey),
  browsers: z
    .array(
      z.strictObject({
        /** The hash of its public key. */
        id: z.string().regex(/^[\w-]{43}$/),
        name: z.string().max(200),
        added_at: z.iso.datetime(),
        used_at: z.iso.datetime(),
      }),
    )
    .max(maxBrowsers),
})

export type WindowState = Omit<z.output<typeof fileSchema>, 'version'>

/** The file of the window (0600). It has one writer, the daemon. */
export interface WindowFile {
  /** Undefined where there is none; one that is damaged is set aside, and `onDamaged` told where. */
  read(): Promise<WindowState | undefined>
  /** Writes are done in their order. */
  write(state: WindowState): Promise<void>
}

export function openWindowFile(
  path: string,
  onDamaged: (aside: string, why: string) => void,
): WindowFile {
  let last: Promise<unknown> = Promise.resolve()
  return {
    async read() {
      const text = await readFile(path, 'utf8').catch((error: unknown) => {
        if (systemCode(error) === 'ENOENT') return undefined
        throw unusable(path, error)
      })
      if (text === undefined) return undefined
      try {
        const { version: _version, ...state } = fileSchema.parse(JSON.parse(text))
        return state
      } catch (error) {
        const aside = `${path}.damaged-${Date.now()}`
        await rename(path, aside).catch((cause: unknown) => {
          throw unusable(path, cause)
        })
        onDamaged(
          aside,
          error instanceof z.ZodError ? 'it is not what was written' : messageOf(error),
        )
        return undefined
      }
    },
    write(state) {
      const text = `${JSON.stringify({ version: formVersion, ...state }, undefined, 2)}\n`
      const writing = last.then(() => replaceFile(path, text))
      last = writing.catch(() => undefined)
      return writing.catch((error: unknown) => {
        throw unusable(path, error)
      })
    },
  }
}

function unusable(path: string, error: unknown): SystemError {
  return new SystemError('window-file-unusable', `cannot use "${path}": ${messageOf(error)}`, {
    hint: 'see whether it is yours, and whether there is room on the disk',
    cause: error,
  })
}
