import type { HostPort } from '../../address.ts'
import { environment } from '../process/environment.ts'
import { ownProgram } from '../process/own-program.ts'
import { followEndSignals } from '../process/signals.ts'

/** The options of `postern demo` as they were given. */
export interface DemoOptions {
  readonly to?: readonly HostPort[]
  readonly port?: number
  readonly proof: boolean
  readonly once?: boolean
  readonly all?: boolean
}

/**
 * Runs `postern demo` until it is asked to end; resolves to the exit code. A signal may come twice (a terminal sends
 * Ctrl-C to npm and to us, and npm passes it on): a second one changes nothing, as ending takes a second or two.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  using ending = followEndSignals()
  const abandoned = new AbortController()
  const abandon = (): void => abandoned.abort(new Error('nobody is there any more'))
  // `npm start` is gone without a word.
  process.on('disconnect', abandon)
  // Loading the rest takes a second: an end that is asked for meanwhile must not be missed.
  const [{ processTerminal }, { runQuickstart }] = await Promise.all([
    import('../../quickstart/terminal.ts'),
    import('../../quickstart/run.ts'),
  ])
  const { proof, once = false, all = false, port, to = [] } = options
  const terminal = processTerminal(abandon)
  const whence = { program: ownProgram(), searchPath: environment['PATH'] ?? '' }
  const asked = { port, to, proves: proof, once, showsAll: all, ...whence }
  const signal = AbortSignal.any([ending.signal, abandoned.signal])
  const exitCode = await runQuickstart(asked, terminal, signal)
  // The channel to the parent, watched above, would keep the process up.
  if (process.connected) process.disconnect?.()
  return exitCode
}
