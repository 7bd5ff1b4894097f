// A reporter of `node --test`: at the end of all tests, the files that took longest, so that whoever adds to one sees it.
import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'

const shown = 10

/** In seconds of a clock, from the start of a file's process to its end; what else the machine did counts as well. */
export default async function* slowestFiles(
  events: AsyncIterable<TestEvent>,
): AsyncGenerator<string, void> {
  const files: { readonly file: string; readonly ms: number }[] = []
  for await (const { type, data } of events) {
    // Of all of them together it has no file. A test's own would be the one that calls `test`, such as that of `peerTest`.
    if (type !== 'test:summary' || data.file === undefined) continue
    files.push({ file: relative(process.cwd(), data.file), ms: data.duration_ms })
  }
  files.sort((a, b) => b.ms - a.ms)
  const lines = files.slice(0, shown).map(({ file, ms }) => `  ${Math.round(ms / 1000)} s ${file}`)
  yield ['the slowest files:', ...lines, ''].join('\n')
}
