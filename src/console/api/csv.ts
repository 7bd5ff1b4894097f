import { streamAnswer } from './stream-answer.ts'

/** A column: its name, and what of a row stands in it. */
export interface CsvColumn<Row> {
  readonly name: string
  cell(row: Row): string | number | boolean | null
}

/** A list as CSV (RFC 4180), made as its reader takes it. */
export function csvAnswer<Row>(
  name: string,
  columns: readonly CsvColumn<Row>[],
  rows: AsyncIterable<Row> | Iterable<Row>,
): Promise<Response> {
  return streamAnswer(csvLines(columns, rows), {
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': `attachment; filename="${name}.csv"`,
  })
}

async function* csvLines<Row>(
  columns: readonly CsvColumn<Row>[],
  rows: AsyncIterable<Row> | Iterable<Row>,
): AsyncGenerator<string, void, undefined> {
  yield line(columns.map(({ name }) => name))
  for await (const row of rows) yield line(columns.map(({ cell }) => cell(row)))
}

function line(cells: readonly (string | number | boolean | null)[]): string {
  return `${cells.map(cellText).join(',')}\r\n`
}

/**
 * What a spreadsheet would take for a formula gets an apostrophe before it, which it does not show: names of people
 * and machines are theirs to choose. Some fold signs of full width to plain ones, and where lists are separated by
 * semicolons or tabs, what stands behind one begins a cell.
 *
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
const formula = /(^|[;\t\r\n])(?=[=+\-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}])|^(?=[\t\r\n])/gu

function cellText(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value)
  const text = value.replaceAll(formula, "$1'")
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
