/** A column: its name, and what of a row stands in it. */
export interface CsvColumn<Row> {
  readonly name: string
  cell(row: Row): string | number | boolean | null
}

/** What is made at a time, in UTF-16 code units: one piece of what a reader takes. */
const pieceLength = 16 * 1024

/**
 * A list as CSV (RFC 4180), made as its reader takes it: however long it is, one piece of it waits. A reader that
 * takes nothing is ended by the port, as with every answer.
 */
export async function csvAnswer<Row>(
  name: string,
  columns: readonly CsvColumn<Row>[],
  rows: AsyncIterable<Row> | Iterable<Row>,
): Promise<Response> {
  const pieces = csvPieces(columns, rows)
  // What fails at once is a fault, and no answer that breaks off.
  let next: Promise<IteratorResult<string, void>> | undefined = Promise.resolve(await pieces.next())
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await (next ?? pieces.next())
        next = undefined
        if (done === true) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
      async cancel() {
        await pieces.return()
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, {
    headers: {
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': `attachment; filename="${name}.csv"`,
      // Nothing on the way is to wait for the whole of it.
      'x-accel-buffering': 'no',
    },
  })
}

async function* csvPieces<Row>(
  columns: readonly CsvColumn<Row>[],
  rows: AsyncIterable<Row> | Iterable<Row>,
): AsyncGenerator<string, void, undefined> {
  let piece = line(columns.map(({ name }) => name))
  for await (const row of rows) {
    piece += line(columns.map(({ cell }) => cell(row)))
    if (piece.length < pieceLength) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

function line(cells: readonly (string | number | boolean | null)[]): string {
  return `${cells.map(cellText).join(',')}\r\n`
}

/**
 * What a spreadsheet would take for a formula gets an apostrophe before it, which it does not show: names of people
 * and machines are theirs to choose.
 *
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
const formula = /^[=+\-@\t\r]/

function cellText(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value)
  const text = formula.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
