/** How one entry of `to` leads to the service. */
export type ToWay = 'tcp' | 'connector' | 'https' | 'http'

/** One entry of a route's `to`, as the form has it. */
export interface ToEntry {
  readonly way: ToWay
  /** `HOST:PORT` that is dialled, or a gateway; of a connector what it dials: `HOST:PORT`, `bastion`, or nothing. */
  readonly address: string
  /** Name of the tunnel of a connector; empty for whichever has registered the host name. */
  readonly connector: string
  /** As it is written; empty for none. */
  readonly weight: string
}

export const noEntry: ToEntry = { way: 'tcp', address: '', connector: '', weight: '' }

const ways: readonly ToWay[] = ['tcp', 'connector', 'https', 'http']

/** The entries of a `to`; undefined where the form cannot show it. */
export function entriesOfTo(to: unknown): readonly ToEntry[] | undefined {
  if (to === undefined) return [noEntry]
  const list: readonly unknown[] = Array.isArray(to) ? to : [to]
  const entries = list.map((text) => (typeof text === 'string' ? parseEntry(text) : undefined))
  return entries.every((entry) => entry !== undefined) ? entries : undefined
}

function parseEntry(text: string): ToEntry | undefined {
  if (text === '') return noEntry
  const [, scheme = '', rest = ''] = /^([^:/]*):\/\/(.*)$/s.exec(text) ?? []
  const way = ways.find((name) => name === scheme.toLowerCase())
  if (way === undefined) return undefined
  if (way === 'connector') {
    const [, connector = '', address = ''] = /^([^/]*)\/?(.*)$/s.exec(rest) ?? []
    return { way, connector, address, weight: '' }
  }
  const [, address = '', weight = ''] = /^([^,]*),?(.*)$/s.exec(rest) ?? []
  return { way, connector: '', address, weight }
}

/** One is written as text, as people write it by hand, unless it was a list before. */
export function formatTo(entries: readonly ToEntry[], before: unknown): string | string[] {
  const texts = entries.map(formatEntry)
  const [only, ...more] = texts
  return only !== undefined && more.length === 0 && !Array.isArray(before) ? only : texts
}

function formatEntry({ way, address, connector, weight }: ToEntry): string {
  if (way === 'connector') return `connector://${connector}${address === '' ? '' : `/${address}`}`
  return `${way}://${address}${weight === '' ? '' : `,${weight}`}`
}

/** The entry after somebody has typed or pasted into its address: with a scheme it says the way as well. */
export function typeAddress(entry: ToEntry, typed: string): ToEntry {
  const text = typed.trim()
  const whole = /^[a-z]+:\/\//i.test(text) ? parseEntry(text) : undefined
  return whole ?? { ...entry, address: text }
}
