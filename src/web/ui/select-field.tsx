import { NativeSelect, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'

export interface SelectFieldProps<T extends string> {
  readonly label?: string
  readonly 'aria-label'?: string
  readonly description?: string
  readonly value: T
  readonly options: readonly { readonly value: T; readonly label: string }[]
  /** To read alone: as a text, since what a browser shows of a disabled choice can hardly be read. */
  readonly isReadOnly?: boolean
  readonly onChange: (value: T) => void
}

/** One of a few. */
export function SelectField<T extends string>(props: SelectFieldProps<T>): ReactNode {
  const { value, options, isReadOnly = false, onChange, ...shown } = props
  if (isReadOnly) {
    const label = options.find((option) => option.value === value)?.label ?? value
    return <TextInput {...shown} value={label} readOnly />
  }
  return (
    <NativeSelect
      {...shown}
      value={value}
      data={[...options]}
      onChange={({ currentTarget }) => {
        const chosen = options.find((option) => option.value === currentTarget.value)
        if (chosen !== undefined) onChange(chosen.value)
      }}
    />
  )
}
