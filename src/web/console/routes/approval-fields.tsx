import { Fieldset, Text, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { shownText, withKey, type Body } from '../documents/body.ts'
import { useDocumentForm, useField } from '../documents/document-form.ts'
import { WordsField } from '../documents/fields.tsx'
import {
  describeWithin,
  partsOfPath,
  problemsAt,
  type DocumentProblem,
} from '../documents/problems.ts'
import { emailsOfPolicy, policyOfEmails } from '../policies/simple-policy.ts'

/** Access for a while: who may be asked for it, for how long, and who may take it without asking. */
export function ApprovalFields(): ReactNode {
  const { value, isReadOnly, set } = useField('approval')
  const problems = problemsAt(useDocumentForm().problems, 'approval')
  const isOfTime = ({ path }: DocumentProblem): boolean => partsOfPath(path)[1] === 'max'
  const approval = isKeys(value) ? value : {}
  const put = (key: string, written: unknown): void => {
    const changed = withKey(approval, key, written)
    set(Object.keys(changed).length === 0 ? undefined : changed)
  }
  return (
    <Fieldset legend="Just in time" className="part">
      <div className="form-grid">
        <People
          label="Approvers"
          description="Whoever has no access may ask these for it"
          policy={approval['approvers']}
          isReadOnly={isReadOnly}
          error={textOf(
            problems.filter((problem) => !isOfTime(problem)),
            'approval',
          )}
          onChange={(policy) => put('approvers', policy)}
        />
        <TextInput
          label="For at most"
          description="Longest time that they may give"
          placeholder="8h"
          value={shownText(approval['max'])}
          error={textOf(problems.filter(isOfTime), 'approval.max')}
          readOnly={isReadOnly}
          onChange={({ currentTarget: { value: text } }) =>
            put('max', text === '' ? undefined : text)
          }
        />
        <BreakGlass />
      </div>
    </Fieldset>
  )
}

function textOf(problems: readonly DocumentProblem[], at: string): string | undefined {
  if (problems.length === 0) return undefined
  return problems.map((problem) => describeWithin(problem, at)).join('; ')
}

function BreakGlass(): ReactNode {
  const { value, error, isReadOnly, set } = useField('break_glass')
  return (
    <People
      label="Break glass"
      description="May let themselves in with a reason, which the audit log marks"
      policy={value}
      isReadOnly={isReadOnly}
      error={error}
      onChange={set}
    />
  )
}

interface PeopleProps {
  readonly label: string
  readonly description: string
  readonly policy: unknown
  readonly isReadOnly: boolean
  readonly error: string | undefined
  readonly onChange: (policy: unknown) => void
}

/** A policy that is most often some addresses. */
function People({
  label,
  description,
  policy,
  isReadOnly,
  error,
  onChange,
}: PeopleProps): ReactNode {
  const emails = emailsOfPolicy(policy)
  if (emails === undefined) {
    return (
      <div>
        <Text fw={600} size="sm">
          {label}
        </Text>
        <Text size="sm" c="dimmed">
          {description}. By a policy that says more than addresses: it is changed in the YAML.
        </Text>
        {error !== undefined && <Text className="fault">{error}</Text>}
      </div>
    )
  }
  return (
    <WordsField
      label={label}
      description={`${description}: email addresses`}
      placeholder="ada@example.com, bob@example.com"
      words={emails}
      error={error}
      isReadOnly={isReadOnly}
      onChange={(words) => onChange(policyOfEmails(words))}
    />
  )
}

function isKeys(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
