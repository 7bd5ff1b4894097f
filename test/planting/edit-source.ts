import { registerHooks, type LoadFnOutput } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A file of `src` as it is to be loaded: the sources themselves stay as they are. */
export interface EditedSource {
  /** Below `src`. */
  readonly file: string
  readonly edits: readonly SourceEdit[]
}

export interface SourceEdit {
  /** Stands there exactly once. */
  readonly right: string
  readonly wrong: string
}

const src = join(import.meta.dirname, '..', '..', 'src')

/**
 * Has this thread find another text in a file that it loads from now on; `onLoad` is called when it has.
 *
 * @throws `Error` of `applyEdits`, while the file is loaded
 */
export function editSource(edited: EditedSource, onLoad: () => void = () => undefined): void {
  const target = pathToFileURL(join(src, edited.file)).href
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (url !== target) return loaded
      const source = applyEdits(textOf(loaded.source), edited)
      onLoad()
      return { ...loaded, source }
    },
  })
}

/**
 * The text of a file with its edits made, one after the other.
 *
 * @throws `Error` when what one replaces is not there exactly once: the file has changed, and nobody has looked at the edit since
 */
export function applyEdits(text: string, { file, edits }: EditedSource): string {
  return edits.reduce((before, { right, wrong }) => {
    const parts = before.split(right)
    if (parts.length === 2) return parts.join(wrong)
    throw new Error(
      `cannot plant a bug: "${file}" has ${JSON.stringify(right)} ${parts.length - 1} times, not once`,
    )
  }, text)
}

function textOf(source: LoadFnOutput['source']): string {
  return typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString()
}
