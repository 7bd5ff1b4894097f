import { useCallback, useMemo, type ReactNode } from 'react'
import type { EditorFault, Suggestion } from '../../ui/yaml-editor/code-mirror.ts'
import { YamlEditor } from '../../ui/yaml-editor/yaml-editor.tsx'
import type { YamlPlace } from '../../ui/yaml-editor/yaml-path.ts'
import type { Body } from './body.ts'
import { useDocumentForm } from './document-form.ts'
import { allKeys, formOfKeys } from './kept-form.ts'
import { describeProblem, partsOfPath, type DocumentProblem } from './problems.ts'
import { useEditedText } from './use-edited-text.ts'
import { formatYaml, placeOf, readBody } from './yaml-text.ts'

export interface YamlTabProps {
  readonly label: string
  readonly suggest: (place: YamlPlace) => readonly Suggestion[]
}

/** The whole form as YAML, as the file would have it, with what is wrong with it in its place. */
export function YamlTab({ label, suggest }: YamlTabProps): ReactNode {
  const { form, problems, isReadOnly, changeForm, reportReadable } = useDocumentForm()
  const keys = useMemo(() => allKeys(form), [form])
  const { shown, wrote } = useEditedText(keys, textOf)
  const write = (changed: string): void => {
    const read = readBody(changed)
    reportReadable('value' in read)
    if (!('value' in read)) return
    wrote(read.value)
    changeForm(formOfKeys(read.value))
  }
  const lint = useCallback(
    (written: string) => Promise.resolve(faultsOf(written, problems)),
    [problems],
  )
  return (
    <YamlEditor
      shown={shown}
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
