import { lazy, Suspense, type ReactNode } from 'react'
import { Loading } from '../states.tsx'
import type { EditorProps } from './editor.tsx'

/** The editor is larger than the rest of the page: it is fetched by who opens one. */
const Editor = lazy(async () => ({ default: (await import('./editor.tsx')).Editor }))

/** A text of YAML that can be changed, with completion and its faults in place. */
export function YamlEditor(props: EditorProps): ReactNode {
  return (
    <Suspense fallback={<Loading what="the editor" />}>
      <Editor {...props} />
    </Suspense>
  )
}
