import { SegmentedControl, Stack, Text } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { Body } from '../documents/body.ts'
import { withKey } from '../documents/body.ts'
import { useDocumentForm } from '../documents/document-form.ts'
import './policies.css'
import { PolicyText } from './policy-text.tsx'
import { RulesView } from './rules-view.tsx'
import type { PolicyForm } from './use-conversion.ts'

/** Which form a definition has its policy in; undefined where it has none. */
export function policyFormOf({ policy, policies }: Body): PolicyForm | undefined {
  if (policies !== undefined) return 'policies'
  return policy === undefined ? undefined : 'policy'
}

/**
 * A policy in two views of one thing: rules with include, require and exclude, and the YAML of the policy
 * language. What was changed last is what is saved; the other view is made of it by the gateway.
 */
export function PolicyEditor({ label }: { readonly label: string }): ReactNode {
  const { definition, isReadable, change } = useDocumentForm()
  const form = policyFormOf(definition)
  const [view, setView] = useState<PolicyForm>(form ?? 'policies')
  const set = (as: PolicyForm, value: unknown): void => {
    const other = as === 'policy' ? 'policies' : 'policy'
    change(withKey(withKey(definition, other, undefined), as, value))
  }
  return (
    <Stack gap="sm">
      <SegmentedControl
        value={view}
        onChange={(value) => setView(value)}
        data={[
          { value: 'policies', label: 'Rules', disabled: !isReadable },
          { value: 'policy', label: 'YAML' },
        ]}
        aria-label={`View of ${label}`}
        className="policy-views"
      />
      {view === 'policies' ? (
        <RulesView form={form} onChange={(rules) => set('policies', rules)} />
      ) : (
        <PolicyText form={form} label={label} onChange={(policy) => set('policy', policy)} />
      )}
      <Text size="sm" c="dimmed">
        {form === undefined && isReadable && 'Nobody gets in by a policy that says nothing.'}
        {form === 'policies' && 'Kept as rules.'}
        {form === 'policy' && 'Kept in the policy language.'}
      </Text>
    </Stack>
  )
}
