import { TextInput, type TextInputProps } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useRef, useState, type ReactNode } from 'react'

/** After the last letter, in milliseconds: what is looked for is asked of the gateway. */
const searchAfterMs = 250

export interface SearchFieldProps extends Pick<TextInputProps, 'label' | 'placeholder'> {
  /** What is looked for; another one than was typed, by a link or the way back, is shown. */
  readonly value: string
  /** Told what to look for, once somebody pauses. */
  readonly search: (text: string) => void
}

/** Where somebody types what they look for. */
export function SearchField({ value, search, ...more }: SearchFieldProps): ReactNode {
  const [text, setText] = useState(value)
  const told = useRef(value)
  const later = useDebouncedCallback((wanted: string) => {
    told.current = wanted
    search(wanted)
  }, searchAfterMs)
  useEffect(() => {
    if (value === told.current) return
    told.current = value
    setText(value)
  }, [value])
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
