import { formatDate } from './date-format.ts'

export { sayBytes as formatBytes } from '../../say-bytes.ts'

/** `5 s`, `12 min`, `3 h 5 min`, `2 d 4 h`: two units at most, rounded down. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return two(hours, 'h', minutes % 60, 'min')
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`
}

const count = new Intl.NumberFormat()

/** With the separators of the reader's language: `10,000`. */
export function formatCount(value: number): string {
  return count.format(value)
}

/** `1 tunnel`, `10,000 tunnels`. */
export function formatNumberOf(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`
}

/** In the reader's zone: the time alone where it is today, the year where it is another one. */
export function formatMoment(at: Date, now = new Date()): string {
  if (at.toDateString() === now.toDateString()) return formatDate('time', at)
  return formatDate(at.getFullYear() === now.getFullYear() ? 'day' : 'dayOfAnotherYear', at)
}
