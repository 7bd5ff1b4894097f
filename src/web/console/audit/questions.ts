import type { AuditQuery } from '../../../console/wire/audit.ts'

/** What is asked of the audit log; kept in the page's address. */
export type Questions = Readonly<Partial<Record<QuestionName, string>>>

const names = [
  'q',
  'kind',
  'outcome',
  'who',
  'route',
  'request_id',
  'since',
  'until',
] as const satisfies readonly (keyof AuditQuery)[]
export type QuestionName = (typeof names)[number]

/** What the fields of the page show; `span` is one of `spans`. */
export type Fields = Readonly<Record<QuestionName | 'span', string>>

const hourMs = 3_600_000
/** Times that are asked for often: how long before now. */
export const spans = [
  { value: '', label: 'At any time' },
  { value: '1h', label: 'In the last hour' },
  { value: '24h', label: 'In the last day' },
  { value: '7d', label: 'In the last 7 days' },
  { value: '30d', label: 'In the last 30 days' },
  { value: 'between', label: 'Between …' },
] as const

const spansMs = new Map([
  ['1h', hourMs],
  ['24h', 24 * hourMs],
  ['7d', 7 * 24 * hourMs],
  ['30d', 30 * 24 * hourMs],
])

/** The fields as the page's address has them. */
export function readFields(parameters: URLSearchParams): Fields {
  const pairs = [...names, 'span' as const].map((name) => [name, parameters.get(name) ?? ''])
  return Object.fromEntries(pairs) as Fields
}

/** A span becomes the moment that it reached back to when it was asked; times of the fields are the reader's own. */
export function toQuestions({ span, since, until, ...others }: Fields, nowMs: number): Questions {
  const asked: Record<string, string> = {}
  for (const [name, value] of Object.entries(others)) if (value !== '') asked[name] = value
  const backMs = spansMs.get(span)
  if (backMs !== undefined) asked['since'] = new Date(nowMs - backMs).toISOString()
  if (span !== 'between') return asked
  for (const [name, value] of Object.entries({ since, until })) {
    const at = new Date(value)
    if (value !== '' && !Number.isNaN(at.getTime())) asked[name] = at.toISOString()
  }
  return asked
}
