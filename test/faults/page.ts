import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fault } from './fault.ts'
import type { Came } from './run.ts'

const path = join(import.meta.dirname, '..', '..', 'docs', 'reliability.md')
const begin = '<!-- The faults: npm run faults -- --write writes these rows. -->'
const end = '<!-- End of the faults. -->'

/** A row of the table: the fault, what is done and has to hold, what came out. */
export interface Row {
  readonly name: string
  readonly done: string
  readonly holds: string
  readonly came: string
}

/** Reads the rows of docs/reliability.md. */
export async function readRows(): Promise<Row[]> {
  const [, table] = partsOf(await readFile(path, 'utf8'))
  return table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, name = '', done = '', holds = '', came = '']) => ({
      name: name.replaceAll('`', ''),
      done,
      holds,
      came,
    }))
}

/** Writes the rows anew: all faults in their order, with what came out now, or what stands there of those that were left out. */
export async function writePage(faults: readonly Fault[], came: readonly Came[]): Promise<void> {
  const old = await readRows().catch(() => [])
  const rows = faults.map(({ name, done, holds }) => {
    const now = came.find((one) => one.name === name)
    const before = old.find((row) => row.name === name)?.came ?? 'not tried: never run yet'
    return [`\`${name}\``, done, holds, now === undefined ? before : wordsOf(now)]
  })
  const lines = [['fault', 'what is done', 'what has to hold', 'what came out'], ...rows]
  const widths = [0, 1, 2, 3].map((at) => Math.max(...lines.map((cells) => cells[at]?.length ?? 0)))
  const padded = lines.map(
    (cells) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`,
  )
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  const table = [padded[0], rule, ...padded.slice(1)].join('\n')
  const [head, , tail] = partsOf(await readFile(path, 'utf8'))
  await writeFile(path, `${head}${begin}\n\n${table}\n\n${end}${tail}`)
}

function partsOf(page: string): readonly [string, string, string] {
  const [head, rest] = page.split(begin)
  const [table, tail] = rest?.split(end) ?? []
  if (head === undefined || table === undefined || tail === undefined)
    throw new Error(`"${path}" has no place for the table of faults`)
  return [head, table, tail]
}

/** What came out, for the table. */
export function wordsOf({ notTried, wrong, directions, counted = {} }: Came): string {
  if (notTried !== undefined) return `not tried: ${notTried}`
  if (wrong.length > 0) return `**did not hold**: ${wrong.length} of what was tried`
  const done = Object.entries(counted).map(([what, count]) => `${count} ${what}`)
  const became = Object.entries(directions ?? {}).flatMap(([verdict, count]) =>
    count > 0 ? [`${count} ${verdict}`] : [],
  )
  return `${done.join(', ')}: ${became.join(', ')}`
}
