import { TextInput, type TextInputProps } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { tooLong } from './too-long.ts'

/** After the last letter, in milliseconds: what is looked for is asked of the gateway. */
const searchAfterMs = 250

/**
 * Characters that are looked for, as the gateway has it.
 *
 * @limit none: the page says so before the gateway does
 */
const maxSearchLength = 200

export interface SearchFieldProps extends Pick<TextInputProps, 'label' | 'description' | 'mb'> {
  /** Characters of it that the gateway takes. */
  readonly maxLength?: number
  /** What is looked for; another one than was typed, by a link or the way back, is shown. */
  readonly value: string
  /** Told what to look for, once somebody pauses. */
  readonly search: (text: string) => void
}

/** Where somebody types what they look for. */
export function SearchField(props: SearchFieldProps): ReactNode {
  const { value, search, maxLength = maxSearchLength, ...more } = props
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
      mb="md"
      {...more}
      type="search"
      value={text}
      error={tooLong(text, maxLength)}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value)
        const wanted = currentTarget.value.trim()
        if (tooLong(wanted, maxLength) === undefined) later(wanted)
        else later.cancel()
      }}
    />
  )
}
