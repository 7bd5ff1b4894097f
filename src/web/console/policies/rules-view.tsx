import { Button, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Failed, Loading } from '../../ui/states.tsx'
import type { Body } from '../documents/body.ts'
import { useDocumentForm } from '../documents/document-form.ts'
import { readYaml } from '../documents/yaml-text.ts'
import { NotExpressible } from './not-expressible.tsx'
import { RuleCard } from './rule-card.tsx'
import { newRule, rulesOf } from './rules.ts'
import { useMovedRule } from './use-moved-rule.ts'
import { useConversion, type PolicyForm } from './use-conversion.ts'

export interface RulesViewProps {
  /** What the policy is kept in; undefined where there is none yet. */
  readonly form: PolicyForm | undefined
  readonly onChange: (rules: readonly Body[]) => void
}

/** The policy as rules, whichever form it is kept in. */
export function RulesView({ form, onChange }: RulesViewProps): ReactNode {
  const { definition } = useDocumentForm()
  const policy = form === 'policy' ? definition['policy'] : undefined
  const converted = useConversion('policy', policy)
  if (policy === undefined) {
    const rules = rulesOf(definition['policies'])
    if (rules === undefined) return <Text>These rules can be changed as YAML only.</Text>
    return <Rules rules={rules} onChange={onChange} />
  }
  const { data, error } = converted
  if (data === undefined) {
    return error === null ? (
      <Loading what="the policy as rules" />
    ) : (
      <Failed what="the policy as rules" fault={error} retry={() => void converted.refetch()} />
    )
  }
  const read = data.text === null ? undefined : readYaml(data.text)
  const rules = read !== undefined && 'value' in read ? rulesOf(read.value) : undefined
  if (rules === undefined) return <NotExpressible what="rules" {...data} />
  return <Rules rules={rules} onChange={onChange} />
}

interface RulesProps {
  readonly rules: readonly Body[]
  readonly onChange: (rules: readonly Body[]) => void
}

function Rules({ rules, onChange }: RulesProps): ReactNode {
  const { isReadOnly } = useDocumentForm()
  const [followed, follow] = useMovedRule(rules)
  const swap = (index: number, by: 1 | -1): void => {
    const moved = [...rules]
    const [one, two] = [rules[index], rules[index + by]]
    if (one === undefined || two === undefined) return
    moved[index] = two
    moved[index + by] = one
    follow(index + by, by)
    onChange(moved)
  }
  return (
    <Stack gap="sm" ref={followed}>
      <Text size="sm" c="dimmed">
        Bypass and Service Auth are asked first, then Allow and Block from top to bottom. The first
        that matches decides; where none does, nobody gets in.
      </Text>
      {rules.map((rule, index) => (
        <RuleCard
          // Rules have no name but their place.
          key={index}
          rule={rule}
          index={index}
          count={rules.length}
          onChange={(changed) => onChange(rules.toSpliced(index, 1, changed))}
          onMove={(by) => swap(index, by)}
          onRemove={() => onChange(rules.toSpliced(index, 1))}
        />
      ))}
      {!isReadOnly && (
        <div>
          <Button variant="default" onClick={() => onChange([...rules, newRule('allow')])}>
            Add a rule
          </Button>
        </div>
      )}
    </Stack>
  )
}
