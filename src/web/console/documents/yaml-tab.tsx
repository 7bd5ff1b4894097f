import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import type { EditorFault, Suggestion } from '../../ui/yaml-editor/code-mirror.ts'
import { YamlEditor } from '../../ui/yaml-editor/yaml-editor.tsx'
import type { YamlPlace } from '../../ui/yaml-editor/yaml-path.ts'
import { isSame, type Body } from './body.ts'
import { useDocumentForm } from './document-form.ts'
import { allKeys, formOfKeys } from './kept-form.ts'
import { describeProblem, partsOfPath, type DocumentProblem } from './problems.ts'
import { formatYaml, placeOf, readBody } from './yaml-text.ts'

export interface YamlTabProps {
  readonly label: string
  readonly suggest: (place: YamlPlace) => readonly Suggestion[]
}

/** The whole form as YAML, as the file would have it, with what is wrong with it in its place. */
export function YamlTab({ label, suggest }: YamlTabProps): ReactNode {
  const { form, problems, isReadOnly, changeForm, reportReadable } = useDocumentForm()
  const keys = useMemo(() => allKeys(form), [form])
  const [text, setText] = useState(() => textOf(keys))
  const written = useRef<Body>(keys)
  useEffect(() => {
    // It was changed elsewhere. What is written here keeps its own form otherwise, blank lines and all.
    if (isSame(written.current, keys)) return
    written.current = keys
    setText(textOf(keys))
  }, [keys])
  const write = (changed: string): void => {
    setText(changed)
    const read = readBody(changed)
    reportReadable('value' in read)
    if (!('value' in read)) return
    written.current = read.value
    changeForm(formOfKeys(read.value))
  }
  const lint = useCallback(
    (written: string) => Promise.resolve(faultsOf(written, problems)),
    [problems],
  )
  return (
    <YamlEditor
      text={text}
      label={label}
      lint={lint}
      suggest={suggest}
      {...(!isReadOnly && { onChange: write })}
    />
  )
}

function textOf(keys: Body): string {
  return Object.keys(keys).length === 0 ? '' : formatYaml(keys)
}

function faultsOf(text: string, problems: readonly DocumentProblem[]): readonly EditorFault[] {
  const read = readBody(text)
  if ('faults' in read) return read.faults
  return problems.map((problem) => ({
    ...placeOf(text, partsOfPath(problem.path)),
    message: describeProblem(problem),
  }))
}
