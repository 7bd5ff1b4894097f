import { Text } from '@mantine/core'
import { useEffect, useState, type ReactNode } from 'react'

const minuteMs = 60_000
const updateEveryMs = 10_000

/** When the session ends, by this machine's clock, and how long that is from now. */
export function SessionEnd({ endsAtMs }: { readonly endsAtMs: number }): ReactNode {
  const [nowMs, setNowMs] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), updateEveryMs)
    return () => clearInterval(timer)
  }, [])
  const end = new Date(endsAtMs)
  return (
    <Text c="dimmed" size="sm">
      Signed in until <time dateTime={end.toISOString()}>{formatEnd(end, new Date(nowMs))}</time> (
      {formatRemaining(endsAtMs - nowMs)})
    </Text>
  )
}

/** The time alone where it is today. */
function formatEnd(end: Date, now: Date): string {
  const isToday = end.toDateString() === now.toDateString()
  return end.toLocaleString(undefined, {
    hour: 'numeric',
    minute: '2-digit',
    ...(isToday ? {} : { weekday: 'short', day: 'numeric', month: 'short' }),
  })
}

/** `in 3 h 5 min`, `in 2 days`, `in less than a minute`. */
export function formatRemaining(ms: number): string {
  const minutes = Math.floor(ms / minuteMs)
  if (minutes < 1) return 'in less than a minute'
  const hours = Math.floor(minutes / 60)
  if (hours < 1) return `in ${minutes} min`
  if (hours >= 48) return `in ${Math.floor(hours / 24)} days`
  return minutes % 60 === 0 ? `in ${hours} h` : `in ${hours} h ${minutes % 60} min`
}
