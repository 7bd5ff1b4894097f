import { useCallback, useEffect, useRef, useState } from 'react'
import type { ShownText } from '../../ui/yaml-editor/editor.tsx'
import { isSame } from './body.ts'

export interface EditedText<T> {
  /** What an editor is to show: another object where it is to show another text. */
  readonly shown: ShownText
  /** Somebody has written this value in the editor. */
  readonly wrote: (value: T) => void
}

/**
 * The text of a value that an editor changes and others change as well. What is written in the editor keeps its
 * own form, blank lines and all; what was changed elsewhere is shown anew. The value comes back from its owner a moment
 * after it was written, when more may have been written: one that was written here is never taken for somebody else's.
 */
export function useEditedText<T>(value: T, format: (value: T) => string): EditedText<T> {
  const [shown, setShown] = useState<ShownText>(() => ({ text: format(value) }))
  const written = useRef<readonly T[]>([value])
  useEffect(() => {
    const at = written.current.findIndex((one) => isSame(one, value))
    written.current = at === -1 ? [value] : written.current.slice(at)
    if (at === -1) setShown({ text: format(value) })
  }, [value, format])
  const wrote = useCallback((made: T) => {
    written.current = [...written.current, made]
  }, [])
  return { shown, wrote }
}
