import { helpText, parseOptions } from './options.ts'
import { runQuickstart } from './run.ts'
import { processTerminal } from './terminal.ts'

/**
 * Aborted when this run has to end. A signal may come twice (a terminal sends Ctrl-C to npm and to us,
 * and npm passes it on), so a second one changes nothing: ending takes a second or two at most.
 */
function endSignal(): AbortSignal {
  const ending = new AbortController()
  const end = (): void => ending.abort(new Error('asked to end'))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
  // The parent is gone without a word, or nobody reads any more: the terminal was closed.
  process.on('disconnect', end)
  for (const stream of [process.stdout, process.stderr]) stream.on('error', end)
  return ending.signal
}

async function main(): Promise<number> {
  const terminal = processTerminal()
  const signal = endSignal()
  try {
    const options = parseOptions(process.argv.slice(2))
    if (options !== 'help') return await runQuickstart(options, terminal, signal)
    process.stdout.write(helpText)
    return 0
  } catch (error) {
    terminal.fatal(error)
    return 2
  }
}

process.exitCode = await main()
// The channel to the parent, watched above, would keep the process up.
if (process.connected) process.disconnect?.()
