import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { table } from '../../scripts/markdown-table.ts'
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
  const [, between] = partsOf(await readFile(path, 'utf8'))
  return between
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
  const names = ['fault', 'what is done', 'what has to hold', 'what came out']
  const [head, , tail] = partsOf(await readFile(path, 'utf8'))
  await writeFile(path, `${head}${begin}\n\n${table([names, ...rows])}\n\n${end}${tail}`)
}

function partsOf(page: string): readonly [string, string, string] {
  const [head, rest] = page.split(begin)
  const [between, tail] = rest?.split(end) ?? []
  if (head === undefined || between === undefined || tail === undefined)
    throw new Error(`"${path}" has no place for the table of faults`)
  return [head, between, tail]
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
