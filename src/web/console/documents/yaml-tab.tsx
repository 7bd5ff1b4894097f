import { useCallback, useEffect, useRef, useState, type ReactNode } from 'react'
import type { EditorFault } from '../../ui/yaml-editor/code-mirror.ts'
import { YamlEditor } from '../../ui/yaml-editor/yaml-editor.tsx'
import { isSame, type Body } from './body.ts'
import { useDocumentForm } from './document-form.ts'
import { describeProblem, partsOfPath, type DocumentProblem } from './problems.ts'
import { formatYaml, placeOf, readBody } from './yaml-text.ts'

export interface YamlTabProps {
  readonly label: string
  /** Whether what is written can be read at all; while it cannot, the form stays as it was. */
  readonly onReadable: (isReadable: boolean) => void
}

/** The whole definition as YAML, with what is wrong with it in its place. */
export function YamlTab({ label, onReadable }: YamlTabProps): ReactNode {
  const { definition, problems, isReadOnly, change } = useDocumentForm()
  const [text, setText] = useState(() => formatYaml(definition))
  const written = useRef<Body>(definition)
  useEffect(() => {
    // It was changed elsewhere. What is written here keeps its own form otherwise, blank lines and all.
    if (isSame(written.current, definition)) return
    written.current = definition
    setText(formatYaml(definition))
  }, [definition])
  const write = (changed: string): void => {
    setText(changed)
    const read = readBody(changed)
    onReadable('value' in read)
    if (!('value' in read)) return
    written.current = read.value
    change(read.value)
  }
  const lint = useCallback(
    (written: string) => Promise.resolve(faultsOf(written, problems)),
    [problems],
  )
  return <YamlEditor text={text} label={label} lint={lint} {...(!isReadOnly && { onChange: write })} />
}

function faultsOf(text: string, problems: readonly DocumentProblem[]): readonly EditorFault[] {
  const read = readBody(text)
  if ('faults' in read) return read.faults
  return problems.map((problem) => ({
    ...placeOf(text, partsOfPath(problem.path)),
    message: describeProblem(problem),
  }))
}
