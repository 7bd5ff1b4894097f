import { editSource } from '../../test/planting/edit-source.ts'

/** A bug that is put into a parser while it is loaded, to see it found. */
export interface Plant {
  readonly target: string
  /** Relative to `src`. */
  readonly file: string
  /** What stands there, exactly once. */
  readonly text: string
  readonly bug: string
}

/**
 * Plants a bug in whatever this thread loads from now on.
 *
 * @throws `Error` while the file is loaded, when the text is not there just once: the plant is out of date
 */
export function plantBug({ file, text, bug }: Plant): void {
  editSource({ file, edits: [{ right: text, wrong: bug }] })
}
