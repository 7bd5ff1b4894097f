import { useCallback, type ReactNode } from 'react'
import type { CheckTextAnswer } from '../../../console/wire/policy-language.ts'
import { post } from '../../ui/api.ts'
import { Failed, Loading } from '../../ui/states.tsx'
import type { EditorFault } from '../../ui/yaml-editor/code-mirror.ts'
import { YamlEditor } from '../../ui/yaml-editor/yaml-editor.tsx'
import type { YamlPlace } from '../../ui/yaml-editor/yaml-path.ts'
import { useDocumentForm } from '../documents/document-form.ts'
import { useEditedText } from '../documents/use-edited-text.ts'
import { formatYaml, readYaml } from '../documents/yaml-text.ts'
import { NotExpressible } from './not-expressible.tsx'
import { suggestInPolicy } from './policy-completion.ts'
import { placesIn } from './text-places.ts'
import { useConversion, type PolicyForm } from './use-conversion.ts'
import { usePolicyLanguage } from './use-policy-language.ts'

export interface PolicyTextProps {
  /** What the policy is kept in; undefined where there is none yet. */
  readonly form: PolicyForm | undefined
  readonly label: string
  readonly onChange: (policy: unknown) => void
}

/** The policy in the policy language, whichever form it is kept in. */
export function PolicyText({ form, label, onChange }: PolicyTextProps): ReactNode {
  const { definition } = useDocumentForm()
  const rules = form === 'policies' ? definition['policies'] : undefined
  const converted = useConversion('policies', rules)
  if (rules === undefined)
    return <WrittenPolicy value={definition['policy']} label={label} onChange={onChange} />
  const { data, error } = converted
  if (data === undefined) {
    return error === null ? (
      <Loading what="the policy as YAML" />
    ) : (
      <Failed what="the policy as YAML" fault={error} retry={() => void converted.refetch()} />
    )
  }
  if (data.text === null) return <NotExpressible what="the policy language" {...data} />
  const read = readYaml(data.text)
  return (
    <WrittenPolicy
      value={'value' in read ? read.value : undefined}
      text={data.text}
      label={label}
      onChange={onChange}
    />
  )
}

interface WrittenPolicyProps {
  readonly value: unknown
  /** How it is written, where that is more than its value: with comments. */
  readonly text?: string
  readonly label: string
  readonly onChange: (policy: unknown) => void
}

function WrittenPolicy({ value, text: given, label, onChange }: WrittenPolicyProps): ReactNode {
  const { isReadOnly, reportReadable } = useDocumentForm()
  const language = usePolicyLanguage()
  const format = useCallback(
    (policy: unknown) => (given !== undefined && policy === value ? given : textOf(policy)),
    [given, value],
  )
  const { shown, wrote } = useEditedText(value, format)
  const write = (changed: string): void => {
    const read = readYaml(changed)
    reportReadable('value' in read)
    if (!('value' in read)) return
    const policy = read.value ?? undefined
    wrote(policy)
    onChange(policy)
  }
  const suggest = useCallback((place: YamlPlace) => suggestInPolicy(language, place), [language])
  return (
    <YamlEditor
      shown={shown}
      label={`${label}, in the policy language`}
      lint={lint}
      suggest={suggest}
      {...(!isReadOnly && { onChange: write })}
    />
  )
}

function textOf(policy: unknown): string {
  return policy === undefined ? '' : formatYaml(policy)
}

/** Asked of the gateway: it alone knows the whole language. */
async function lint(text: string): Promise<readonly EditorFault[]> {
  const read = readYaml(text)
  if ('faults' in read) return read.faults
  if (text.trim() === '') return []
  try {
    const answer = await post<CheckTextAnswer>('/policies/check-text', { from: 'policy', text })
    return placesIn(text, answer.problems)
  } catch {
    // It is checked again when it is saved.
    return []
  }
}
