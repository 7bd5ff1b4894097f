import { NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useState, type ReactNode } from 'react'
import { SearchField } from '../../ui/search-field.tsx'
import { spans, type QuestionName } from './questions.ts'
import type { AskedQuestions } from './use-questions.ts'
import { kinds, outcomes } from './words.ts'

/** Where somebody says which records they look for. */
export function Filters({ fields, ask }: Pick<AskedQuestions, 'fields' | 'ask'>): ReactNode {
  return (
    <div role="search" aria-label="Audit log">
      <SearchField
        label="Find records"
        description="Part of an event, person, route, address or request id"
        value={fields.q}
        search={(q) => ask({ q })}
      />
      <div className="audit-filters">
        <NativeSelect
          label="When"
          value={fields.span}
          data={[...spans]}
          onChange={({ currentTarget }) => ask({ span: currentTarget.value })}
        />
        <NativeSelect
          label="What"
          value={fields.kind}
          data={[{ value: '', label: 'Everything' }, ...toOptions(kinds)]}
          onChange={({ currentTarget }) => ask({ kind: currentTarget.value })}
        />
        <NativeSelect
          label="Outcome"
          value={fields.outcome}
          data={[{ value: '', label: 'Any' }, ...toOptions(outcomes)]}
          onChange={({ currentTarget }) => ask({ outcome: currentTarget.value })}
        />
        <SearchField
          mb={0}
          label="Who"
          description="Email address or id"
          value={fields.who}
          search={(who) => ask({ who })}
        />
        <SearchField
          mb={0}
          label="Route"
          description="Name or id"
          value={fields.route}
          search={(route) => ask({ route })}
        />
        {fields.span === 'between' && (
          <>
            <MomentField name="since" label="From" {...{ fields, ask }} />
            <MomentField name="until" label="Before" {...{ fields, ask }} />
          </>
        )}
      </div>
    </div>
  )
}

interface MomentFieldProps extends Pick<AskedQuestions, 'fields' | 'ask'> {
  readonly name: QuestionName
  readonly label: string
}

/** After the last letter, in milliseconds. */
const askAfterMs = 400

function MomentField({ name, fields, ask, ...more }: MomentFieldProps): ReactNode {
  const [text, setText] = useState(fields[name])
  const later = useDebouncedCallback((value: string) => ask({ [name]: value }), askAfterMs)
  return (
    <TextInput
      {...more}
      type="datetime-local"
      value={text}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value)
        later(currentTarget.value.trim())
      }}
    />
  )
}

function toOptions(words: Readonly<Record<string, string>>): { value: string; label: string }[] {
  return Object.entries(words).map(([value, label]) => ({ value, label }))
}
