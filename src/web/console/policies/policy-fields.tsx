import { Checkbox, Fieldset, Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import { useDocumentForm } from '../documents/document-form.ts'
import '../documents/documents.css'
import { TextKey, WordsField } from '../documents/fields.tsx'
import { OtherKeys } from '../documents/other-keys.tsx'
import { PolicyEditor } from './policy-editor.tsx'

/** Keys that the form shows; all others are kept, and shown as YAML. */
export const policyFormKeys: readonly string[] = [
  'name',
  'policy',
  'policies',
  'explanation',
  'remediation',
  'namespace',
]

/** A policy with a name. */
export function PolicyFields(): ReactNode {
  const { form, isReadOnly, changeForm } = useDocumentForm()
  return (
    <Stack gap="md">
      <Fieldset legend="Who may" className="part">
        <Stack gap="md">
          <TextKey
            name="name"
            label="Name"
            description="Routes name it, and so do logs"
            placeholder="engineers"
            isRequired
          />
          <PolicyEditor label="the policy" />
        </Stack>
      </Fieldset>
      <Fieldset legend="What it says to whom it refuses" className="part">
        <div className="form-grid">
          <TextKey
            name="explanation"
            label="Explanation"
            description="Why it is so"
            placeholder="Orders hold personal data"
            isLong
          />
          <TextKey
            name="remediation"
            label="Remediation"
            description="What to do to get in"
            placeholder="Ask the data team for the course"
            isLong
          />
        </div>
      </Fieldset>
      <Fieldset legend="Kept" className="part">
        <div className="form-grid">
          <TextKey
            name="namespace"
            label="Namespace"
            description="Whose administrators may change it"
          />
          <WordsField
            label="Tags"
            description="For finding and changing many at once"
            words={form.tags}
            isReadOnly={isReadOnly}
            onChange={(tags) => changeForm({ ...form, tags })}
          />
          <Checkbox
            label="Disabled"
            description="Stays here, and no route may name it"
            checked={form.disabled}
            disabled={isReadOnly}
            onChange={(event) => changeForm({ ...form, disabled: event.currentTarget.checked })}
          />
        </div>
      </Fieldset>
      <OtherKeys shownKeys={policyFormKeys} />
    </Stack>
  )
}
