import { registerHooks, type LoadFnOutput } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A bug that is put into a parser while it is loaded, to see it found. */
export interface Plant {
  readonly target: string
  /** Relative to `src`. */
  readonly file: string
  /** What stands there, exactly once. */
  readonly text: string
  readonly bug: string
}

const source = join(import.meta.dirname, '..', '..', 'src')

/**
 * Plants a bug in whatever this thread loads from now on.
 *
 * @throws `Error` while the file is loaded, when the text is not there just once: the plant is out of date
 */
export function plantBug({ file, text, bug }: Plant): void {
  const url = pathToFileURL(join(source, file)).href
  registerHooks({
    load(at, context, nextLoad) {
      const loaded = nextLoad(at, context)
      if (at !== url) return loaded
      const code = textOf(loaded.source)
      if (code.split(text).length !== 2)
        throw new Error(
          `cannot plant a bug: "${file}" does not say ${JSON.stringify(text)} just once`,
        )
      return { ...loaded, source: code.replace(text, () => bug) }
    },
  })
}

function textOf(source: LoadFnOutput['source']): string {
  return typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString()
}
