import { useEffect, useRef, type ReactNode } from 'react'
import { openEditor, type EditorFault, type OpenEditor, type Suggestion } from './code-mirror.ts'
import type { YamlPlace } from './yaml-path.ts'

/** What an editor is to show from now on. Another object is another wish, whatever was typed since. */
export interface ShownText {
  readonly text: string
}

export interface EditorProps {
  readonly shown: ShownText
  /** What it is, for screen readers. */
  readonly label: string
  readonly onChange?: (text: string) => void
  /** What is wrong with a text; the last one given is asked. Given anew, it is asked again. */
  readonly lint?: (text: string) => Promise<readonly EditorFault[]>
  readonly suggest?: (place: YamlPlace) => readonly Suggestion[]
}

/** CodeMirror as a component: read only where nobody listens to changes. */
export function Editor(props: EditorProps): ReactNode {
  const { shown, label, onChange, lint } = props
  const host = useRef<HTMLDivElement>(null)
  const editor = useRef<OpenEditor>(undefined)
  // What the open editor calls: always those of the last rendering.
  const latest = useRef(props)
  const isReadOnly = onChange === undefined
  useEffect(() => {
    latest.current = props
  })
  useEffect(() => {
    if (host.current === null) return undefined
    const opened = openEditor(host.current, {
      text: latest.current.shown.text,
      label,
      isReadOnly,
      onChange: (changed) => latest.current.onChange?.(changed),
      lint: (written) => latest.current.lint?.(written) ?? Promise.resolve([]),
      suggest: (place) => latest.current.suggest?.(place) ?? [],
    })
    editor.current = opened
    return () => opened.close()
  }, [label, isReadOnly])
  useEffect(() => editor.current?.setText(shown.text), [shown])
  useEffect(() => editor.current?.lintAgain(), [lint])
  return <div ref={host} className="yaml-editor" />
}
