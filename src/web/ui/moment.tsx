import type { ReactNode } from 'react'
import { formatDate } from './date-format.ts'
import { formatDuration, formatMoment } from './format.ts'
import { useNow } from './use-now.ts'

/** A moment, given as RFC 3339, in the reader's zone; its title says it in full, zone included. */
export function Moment({ at }: { readonly at: string }): ReactNode {
  const date = new Date(at)
  return (
    <time dateTime={at} title={formatDate('full', date)}>
      {formatMoment(date)}
    </time>
  )
}

/** How long ago a moment was; it counts on by itself. */
export function Since({ at }: { readonly at: string }): ReactNode {
  const nowMs = useNow()
  const date = new Date(at)
  return (
    <time dateTime={at} title={formatMoment(date)}>
      {formatDuration(nowMs - date.getTime())}
    </time>
  )
}
