import { TagsInput } from '@mantine/core'
import '@mantine/core/styles/ScrollArea.css'
import '@mantine/core/styles/Combobox.css'
import '@mantine/core/styles/Pill.css'
import '@mantine/core/styles/PillsInput.css'
import { useMemo, type ReactNode } from 'react'
import { useDaemon } from './live.ts'
import { words } from './words.ts'

export interface TagsFieldProps {
  readonly value: readonly string[]
  readonly onChange: (tags: readonly string[]) => void
  readonly description?: string
  readonly error?: string | undefined
}

/** Tags, to choose from those that there are, or new ones. */
export function TagsField({ value, onChange, ...more }: TagsFieldProps): ReactNode {
  const { connections } = useDaemon()
  const known = useMemo(
    () => [...new Set(connections.flatMap(({ settings }) => settings.tags))].sort(),
    [connections],
  )
  return (
    <TagsInput
      label={words.form.tags}
      description={words.form.tagsHint}
      {...more}
      value={[...value]}
      onChange={onChange}
      data={known}
      acceptValueOnBlur
      comboboxProps={{ transitionProps: { duration: 0 } }}
    />
  )
}
