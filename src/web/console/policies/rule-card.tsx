import { Button, Fieldset, Group, Stack, Text, TextInput, VisuallyHidden } from '@mantine/core'
import type { ReactNode } from 'react'
import { SelectField } from '../../ui/select-field.tsx'
import { shownText, textOrNothing, withKey, type Body } from '../documents/body.ts'
import { useDocumentForm } from '../documents/document-form.ts'
import { describeProblem } from '../documents/problems.ts'
import '../documents/documents.css'
import './policies.css'
import { actionOf, actions, parts, selectorsOf, withSelectors, type Action } from './rules.ts'
import { SelectorList } from './selector-list.tsx'
import { moveAttribute } from './use-moved-rule.ts'

export interface RuleCardProps {
  readonly rule: Body
  readonly index: number
  readonly count: number
  readonly onChange: (rule: Body) => void
  readonly onMove: (by: 1 | -1) => void
  readonly onRemove: () => void
}

const actionTitles: Readonly<Record<Action, string>> = {
  allow: 'Allow',
  block: 'Block',
  bypass: 'Bypass',
  service_auth: 'Service Auth',
}

const actionDocs: Readonly<Record<Action, string>> = {
  allow: 'Whoever matches gets in, once they are signed in.',
  block: 'Whoever matches does not get in, and no later rule is asked.',
  bypass: 'Whoever matches gets in without signing in: by address or everyone.',
  service_auth: 'Service accounts that match get in; people never do by this.',
}

/** One rule: what it does, and with whom. */
export function RuleCard(props: RuleCardProps): ReactNode {
  const { rule, index, onChange } = props
  const { isReadOnly, problems } = useDocumentForm()
  const action = actionOf(rule) ?? 'allow'
  const place = `policies[${index}]`
  const faults = problems.filter(({ path }) => path === place || path.startsWith(`${place}.`))
  return (
    <Fieldset legend={`Rule ${index + 1}`} className="rule">
      <Stack gap="sm">
        <div className="form-grid">
          <SelectField
            label="Action"
            description={actionDocs[action]}
            value={action}
            options={actions.map((value) => ({ value, label: actionTitles[value] }))}
            isReadOnly={isReadOnly}
            onChange={(chosen) => onChange({ ...rule, action: chosen })}
          />
          <TextInput
            label="Name"
            description="What the decision's trace calls it; may stay empty"
            value={shownText(rule['name'])}
            readOnly={isReadOnly}
            onChange={(event) =>
              onChange(withKey(rule, 'name', textOrNothing(event.currentTarget.value)))
            }
          />
        </div>
        {parts.map((part) => (
          <SelectorList
            key={part}
            part={part}
            rule={`rule ${index + 1}`}
            action={action}
            selectors={selectorsOf(rule, part) ?? []}
            onChange={(selectors) => onChange(withSelectors(rule, part, selectors))}
          />
        ))}
        {faults.map((fault) => (
          <Text key={fault.path + fault.message} size="sm" className="fault">
            {fault.path.slice(place.length + 1)} {describeProblem(fault)}
          </Text>
        ))}
        <OtherKeys rule={rule} />
        {!isReadOnly && <RuleButtons {...props} />}
      </Stack>
    </Fieldset>
  )
}

const knownKeys: readonly string[] = ['name', 'action', ...parts]

function OtherKeys({ rule }: { readonly rule: Body }): ReactNode {
  const others = Object.entries(rule).filter(([key]) => !knownKeys.includes(key))
  if (others.length === 0) return null
  return (
    <Text size="sm" c="dimmed">
      Kept as it is: {others.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(', ')}
    </Text>
  )
}

function RuleButtons({ index, count, onMove, onRemove }: RuleCardProps): ReactNode {
  const name = <VisuallyHidden>&nbsp;rule {index + 1}</VisuallyHidden>
  return (
    <Group gap="xs">
      <Button
        {...{ [moveAttribute]: `${index} -1` }}
        variant="default"
        size="compact-sm"
        disabled={index === 0}
        onClick={() => onMove(-1)}
      >
        Move up{name}
      </Button>
      <Button
        {...{ [moveAttribute]: `${index} 1` }}
        variant="default"
        size="compact-sm"
        disabled={index === count - 1}
        onClick={() => onMove(1)}
      >
        Move down{name}
      </Button>
      <Button variant="default" size="compact-sm" onClick={onRemove}>
        Remove{name}
      </Button>
    </Group>
  )
}
