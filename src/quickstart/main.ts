import { settleOutputs, standardOutput, writeResult } from '../standard-output.ts'
import { shieldStreams } from '../standard-streams.ts'

/** How long the end waits for somebody to read its last words, in milliseconds. */
const endWaitMs = 500

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
  for (const descriptor of [1, 2] as const) standardOutput(descriptor).onLost(end)
  return ending.signal
}

async function main(signal: AbortSignal): Promise<number> {
  const [{ helpText, parseOptions, UsageError }, { processTerminal }] = await Promise.all([
    import('./options.ts'),
    import('./terminal.ts'),
  ])
  const terminal = processTerminal()
  try {
    const options = parseOptions(process.argv.slice(2))
    if (options === 'help') {
      writeResult(helpText)
      return 0
    }
    const { runQuickstart } = await import('./run.ts')
    return await runQuickstart(options, terminal, signal)
  } catch (error) {
    terminal.fatal(error)
    return error instanceof UsageError ? 2 : 1
  }
}

shieldStreams()
// Loading the rest takes a second: an end that is asked for meanwhile must not be missed.
const exitCode = await main(endSignal())
// The channel to the parent, watched above, would keep the process up.
if (process.connected) process.disconnect?.()
await settleOutputs(exitCode, endWaitMs)
