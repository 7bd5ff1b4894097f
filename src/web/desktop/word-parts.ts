import { formatNumberOf } from '../ui/format.ts'

// What sentences are made of: names and numbers.

export function quoted(name: string): string {
  return `“${name}”`
}

export function connections(count: number): string {
  return formatNumberOf(count, 'connection')
}

export function hostOf(gateway: string): string {
  return gateway.replace(/^https?:\/\//, '')
}

/** One by its name, more by their number. */
export function several(names: readonly string[]): string {
  const [first = ''] = names
  return names.length === 1 ? quoted(first) : connections(names.length)
}

/** The first few of many, quoted. */
export function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 5).map(quoted).join(', ')
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown
}
