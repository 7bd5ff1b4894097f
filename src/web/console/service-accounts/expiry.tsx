import { NativeSelect } from '@mantine/core'
import type { ReactNode } from 'react'

const dayMs = 86_400_000

const spans = [
  { value: '', label: 'Never', ms: undefined },
  { value: '1', label: 'In a day', ms: dayMs },
  { value: '30', label: 'In 30 days', ms: 30 * dayMs },
  { value: '90', label: 'In 90 days', ms: 90 * dayMs },
  { value: '365', label: 'In a year', ms: 365 * dayMs },
] as const

export interface ExpiryProps {
  readonly value: string
  readonly onChange: (value: string) => void
}

/** When a credential is to expire. */
export function Expiry({ value, onChange }: ExpiryProps): ReactNode {
  return (
    <NativeSelect
      label="Expires"
      description="A credential that is not renewed in time stops working by itself."
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      data={spans.map(({ value, label }) => ({ value, label }))}
    />
  )
}

/** RFC 3339; null for never. */
export function expiryOf(value: string, nowMs: number): string | null {
  const ms = spans.find((span) => span.value === value)?.ms
  return ms === undefined ? null : new Date(nowMs + ms).toISOString()
}
