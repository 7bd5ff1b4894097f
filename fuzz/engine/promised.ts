// What each corpus reaches, in percent of the code of its parser: a corpus that has lost its way into a parser
// still passes, and tests nothing.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** How far a parser may change before its corpus has to be looked at, in points of percent. */
const tolerance = 3

/** Notes what the corpus of a target reaches. */
export function writePromised(directory: string, target: string, percent: number): void {
  const promised = { ...readPromised(directory), [target]: Math.floor(percent) }
  const sorted = Object.entries(promised).sort(([one], [other]) => (one < other ? -1 : 1))
  const text = JSON.stringify(Object.fromEntries(sorted), undefined, 2)
  writeFileSync(pathIn(directory), `${text}\n`)
}

/** What is wrong with what a corpus reaches; undefined for nothing. */
export function shortfall(directory: string, target: string, percent: number): string | undefined {
  const promised = readPromised(directory)[target]
  const next = `run "npm run fuzz -- --target ${target} --merge --minutes 1"`
  if (promised === undefined) return `"${pathIn(directory)}" says nothing of "${target}": ${next}`
  if (percent >= promised - tolerance) return undefined
  return `the corpus of "${target}" reaches ${percent.toFixed(1)} % of its parser, and promises ${promised} %: ${next}`
}

function readPromised(directory: string): Readonly<Record<string, number>> {
  const path = pathIn(directory)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
}

function pathIn(directory: string): string {
  return join(directory, 'coverage.json')
}
