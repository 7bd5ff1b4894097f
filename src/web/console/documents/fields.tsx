import { Checkbox, Textarea, TextInput } from '@mantine/core'
import { useEffect, useState, type ReactNode } from 'react'
import { shownText, textOrNothing } from './body.ts'
import { useField } from './document-form.ts'

export interface TextKeyProps {
  /** Of the definition. */
  readonly name: string
  readonly label: string
  readonly description?: string
  readonly placeholder?: string
  readonly isRequired?: boolean
  /** Several lines. */
  readonly isLong?: boolean
  /** How its text is kept, where not as text. */
  readonly parse?: (text: string) => unknown
}

/** A key whose value is text, or is written as text. */
export function TextKey({
  name,
  isRequired = false,
  parse,
  isLong,
  ...shown
}: TextKeyProps): ReactNode {
  const { value, error, isReadOnly, set } = useField(name)
  const Input = isLong === true ? Textarea : TextInput
  return (
    <Input
      {...shown}
      value={shownText(value)}
      error={error}
      readOnly={isReadOnly}
      required={isRequired}
      withAsterisk={false}
      onChange={(event) => {
        const text = textOrNothing(event.currentTarget.value)
        set(text === undefined ? undefined : (parse?.(text) ?? text))
      }}
    />
  )
}

/** A count is kept as a number, and what is none as it was typed: the gateway says what is wrong with it. */
export function parseCount(text: string): number | string {
  return /^\d{1,15}$/.test(text.trim()) ? Number(text) : text
}

export interface FlagKeyProps {
  readonly name: string
  readonly label: string
  readonly description?: string
}

/** A key that is true, or not there. */
export function FlagKey({ name, ...shown }: FlagKeyProps): ReactNode {
  const { value, error, isReadOnly, set } = useField(name)
  return (
    <Checkbox
      {...shown}
      checked={value === true}
      error={error}
      disabled={isReadOnly}
      onChange={(event) => set(event.currentTarget.checked ? true : undefined)}
    />
  )
}

export interface WordsFieldProps {
  readonly label: string
  readonly description?: string
  readonly placeholder?: string
  readonly words: readonly string[]
  readonly error?: string | undefined
  readonly isReadOnly: boolean
  readonly onChange: (words: readonly string[]) => void
}

/** Words with commas between them. What is typed stays as it is until the field is left. */
export function WordsField({ words, isReadOnly, onChange, ...shown }: WordsFieldProps): ReactNode {
  const [text, setText] = useState(words.join(', '))
  useEffect(() => {
    // It was changed elsewhere: in the YAML, or by another administrator.
    setText((typed) => (splitWords(typed).join() === words.join() ? typed : words.join(', ')))
  }, [words])
  return (
    <TextInput
      {...shown}
      value={text}
      readOnly={isReadOnly}
      onChange={(event) => {
        setText(event.currentTarget.value)
        onChange(splitWords(event.currentTarget.value))
      }}
      onBlur={() => setText(words.join(', '))}
    />
  )
}

function splitWords(text: string): string[] {
  return [
    ...new Set(
      text
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== ''),
    ),
  ]
}
