import { TextInput, type TextInputProps } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useState, type ReactNode } from 'react'

/** After the last letter, in milliseconds: what is looked for is asked of the gateway. */
const searchAfterMs = 250

export interface SearchFieldProps extends Pick<TextInputProps, 'label' | 'placeholder'> {
  /** What is looked for when this is first shown. */
  readonly value: string
  /** Told what to look for, once somebody pauses. */
  readonly search: (text: string) => void
}

/** Where somebody types what they look for. */
export function SearchField({ value, search, ...more }: SearchFieldProps): ReactNode {
  const [text, setText] = useState(value)
  const later = useDebouncedCallback((wanted: string) => search(wanted), searchAfterMs)
  return (
    <TextInput
      {...more}
      type="search"
      mb="md"
      maxLength={200}
      value={text}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value)
        later(currentTarget.value.trim())
      }}
    />
  )
}
