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
        placeholder="Part of an event, person, route, address or request id"
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
        <LaterField name="who" label="Who" placeholder="Email address or id" {...{ fields, ask }} />
        <LaterField name="route" label="Route" placeholder="Name or id" {...{ fields, ask }} />
        {fields.span === 'between' && (
          <>
            <LaterField name="since" label="From" type="datetime-local" {...{ fields, ask }} />
            <LaterField name="until" label="Before" type="datetime-local" {...{ fields, ask }} />
          </>
        )}
      </div>
    </div>
  )
}

interface LaterFieldProps extends Pick<AskedQuestions, 'fields' | 'ask'> {
  readonly name: QuestionName
  readonly label: string
  readonly placeholder?: string
  readonly type?: 'datetime-local'
}

/** After the last letter, in milliseconds. */
const askAfterMs = 400

function LaterField({ name, fields, ask, ...more }: LaterFieldProps): ReactNode {
  const [text, setText] = useState(fields[name])
  const later = useDebouncedCallback((value: string) => ask({ [name]: value }), askAfterMs)
  return (
    <TextInput
      {...more}
      value={text}
      maxLength={253}
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
