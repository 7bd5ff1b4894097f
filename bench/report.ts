import type { Verdict } from './limits.ts'
import type { Row } from './results.ts'

/** The results as a table for people, one line for each measure and subject. */
export function renderTable(rows: readonly Row[], verdicts: readonly Verdict[]): string {
  const measures = Map.groupBy(rows, ({ measure }) => measure)
  const tables = [...measures].map(([measure, members]) => `${measure}\n${renderMeasure(members)}`)
  return [...tables, renderVerdicts(verdicts)].filter(Boolean).join('\n\n')
}

function renderMeasure(rows: readonly Row[]): string {
  const figures = [...new Set(rows.map(({ figure }) => figure))]
  const subjects = Map.groupBy(rows, ({ target, protocol }) => `${target} ${protocol}`)
  const lines = [...subjects].map(([subject, members]) => [
    subject,
    ...figures.map((name) => cell(members.find(({ figure }) => figure === name))),
  ])
  return align([['', ...figures], ...lines])
}

function cell(row: Row | undefined): string {
  if (row === undefined) return ''
  const { median, ratioToBare, ratioToDirect } = row
  const bare = ratioToBare === undefined ? '' : ` (${ratioToBare.toFixed(2)}×)`
  const direct = ratioToDirect === undefined ? '' : ` [${ratioToDirect.toFixed(2)}×]`
  return `${median}${bare}${direct}`
}

const bases = {
  ratioToBare: ' / bare',
  ratioToHttp1: ' / HTTP/1.1',
  ratioToDirect: ' / direct',
  median: '',
} as const

function renderVerdicts(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map((verdict) => [
    verdict.isMet ? 'met' : 'MISSED',
    `${verdict.target} ${verdict.protocol}`,
    verdict.measure,
    `${verdict.figure}${bases[verdict.of]}`,
    `${verdict.measured}`,
    'atMost' in verdict.bound
      ? `at most ${verdict.bound.atMost}`
      : `at least ${verdict.bound.atLeast}`,
  ])
  return lines.length === 0 ? '' : `limits\n${align(lines)}`
}

function align(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  return lines
    .map((line) => '  ' + line.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n')
}
