import { Fieldset, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useDocumentForm } from './document-form.ts'
import './documents.css'
import { formatYaml } from './yaml-text.ts'

/** The keys that a form does not know: they are kept as they are, and changed in the YAML. */
export function OtherKeys({ shownKeys }: { readonly shownKeys: readonly string[] }): ReactNode {
  const { definition } = useDocumentForm()
  const others = Object.entries(definition).filter(([key]) => !shownKeys.includes(key))
  if (others.length === 0) return null
  return (
    <Fieldset legend="Other keys" className="part">
      <Text size="sm" c="dimmed">
        Kept as they are. The tab YAML changes them.
      </Text>
      <pre className="yaml-shown">{formatYaml(Object.fromEntries(others))}</pre>
    </Fieldset>
  )
}
