import { cleanCell } from '../../terminal-text.ts'
import { printText } from './print.ts'

/** Cells as they were found: whatever others wrote in them is cleaned here. */
export type Rows = readonly (readonly string[])[]

/** Prints rows as columns, each as wide as its widest cell; the last one is left as it is. */
export function printTable(rows: Rows): void {
  printText(formatTable(rows))
}

function formatTable(rows: Rows): string {
  const clean = rows.map((row) => row.map(cleanCell))
  const columns = Math.max(0, ...clean.map((row) => row.length))
  const widths = Array.from({ length: columns - 1 }, (_, column) =>
    Math.max(...clean.map((row) => row[column]?.length ?? 0)),
  )
  return clean
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}
