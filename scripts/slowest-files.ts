// A reporter of `node --test`: at the end of all tests, the files that took longest, so that whoever adds to one sees it.
import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'

const shown = 10

/** In seconds of a clock, their tests and suites together; what else the machine did counts as well. */
export default async function* slowestFiles(
  events: AsyncIterable<TestEvent>,
): AsyncGenerator<string, void> {
  const msByFile = new Map<string, number>()
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.nesting > 0) continue
    const file = data.file === undefined ? '' : relative(process.cwd(), data.file)
    msByFile.set(file, (msByFile.get(file) ?? 0) + data.details.duration_ms)
  }
  const sorted = [...msByFile].sort(([, a], [, b]) => b - a)
  const lines = sorted.slice(0, shown).map(([file, ms]) => `  ${Math.round(ms / 1000)} s ${file}`)
  yield ['the slowest files:', ...lines, ''].join('\n')
}
