/** Formats rows as columns, each as wide as its widest cell; the last one is left as it is. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns - 1 }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

/** A moment of RFC 3339 to the minute: `2026-08-20 10:00Z`. */
export function minutes(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')}Z`
}
