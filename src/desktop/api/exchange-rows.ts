import { exportConnections, exportedFiles } from '../connections/exchange/export-connections.ts'
import { parseExchange } from '../connections/exchange/parse-exchange.ts'
import { planImport } from '../connections/exchange/plan-import.ts'
import { readSmallFile } from '../../reach/small-file.ts'
import type { Daemon } from '../running/daemon-types.ts'
import { exportInput, importInput } from '../wire/calls.ts'
import { row, type Row } from './rows.ts'

/** Calls by which connections come from files and go into them. */
export function exchangeRows(daemon: Daemon): readonly Row[] {
  return [
    row('POST /import', importInput, async ({ text, is_trial: isTrial, duplicates }) => {
      const parsed = await parseExchange('', text)
      const plan = (): ReturnType<typeof planImport> =>
        planImport(
          daemon.all().map(({ saved }) => saved),
          parsed,
          duplicates,
        )
      const first = plan()
      if (isTrial) daemon.check(first)
      if (isTrial || first.add.length === 0) return first.answer
      let { answer } = first
      // Beside the connections that there are when it is its turn.
      await daemon.change(() => {
        const { add, answer: now } = plan()
        answer = now
        return { add }
      })
      return answer
    }),
    row('POST /export', exportInput, async ({ connections, tag, ...options }) => {
      const meant = daemon.which({ connections, tag }).map(({ saved }) => saved)
      const files = await readAll(exportedFiles(meant, options))
      return exportConnections(meant, options, files, await daemon.remembered())
    }),
  ]
}

/** Those that can be read. */
async function readAll(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>()
  for (const path of paths) {
    const text = await readSmallFile(path).catch(() => undefined)
    if (text !== undefined) texts.set(path, text)
  }
  return texts
}
