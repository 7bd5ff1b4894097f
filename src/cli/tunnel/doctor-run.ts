import { loadConnectorConfig } from '../../connector/config/load-config.ts'
import { diagnose, type ConnectorCheck } from '../../connector/diagnose.ts'
import { dialerOf } from '../../connector/run-connector.ts'
import { verdictWords } from '../../reach/checks.ts'
import { silentLogger } from '../../log.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { untilEndSignal } from '../process/signals.ts'
import { note, printJson } from '../speech/print.ts'
import { printTable } from '../speech/table.ts'
import { proxiesOf } from './proxies.ts'
import type { RunOptions } from './run-options.ts'
import { loadOptions } from './run-run.ts'

/** The options of `postern tunnel doctor` as they were given. */
export interface DoctorOptions extends RunOptions {
  readonly json?: boolean
}

/** Tries everything and says how it came out; resolves to the exit code. */
export async function runDoctor(
  nameOrId: string | undefined,
  options: DoctorOptions,
): Promise<number> {
  const { config } = await loadConnectorConfig(loadOptions(nameOrId, options))
  const proxies = proxiesOf(options)
  const dialer = await dialerOf(config, { proxies, log: silentLogger })
  const { credential, rules } = config
  const checks: ConnectorCheck[] = []
  const ended = await untilEndSignal(async (signal) => {
    const { gateway } = dialer
    for await (const check of diagnose({
      credential,
      rules,
      gateway,
      dialer,
      proxies,
      signal,
    })) {
      checks.push(check)
    }
    return checks
  })
  if (typeof ended === 'number') return ended
  if (options.json === true) printJson(checks)
  else {
    printTable(
      checks.map(({ what, target, verdict, detail }) => [
        verdictWords[verdict],
        what,
        target,
        detail,
      ]),
    )
    for (const hint of new Set(checks.map(({ hint }) => hint))) {
      if (hint !== undefined) note(`  hint: ${hint}`)
    }
  }
  return exitCodeFor(checks)
}

/** One address of several may be dead: what counts is that a connection is taken, and the services. */
function exitCodeFor(checks: readonly ConnectorCheck[]): number {
  const failed = (what: ConnectorCheck['what']): boolean =>
    checks.some((check) => check.what === what && check.verdict === 'failed')
  if (failed('tls')) return exitCodes.gateway
  if (failed('registration')) {
    const isRefused = checks.some(({ code }) => code === 'tunnel-refused')
    return isRefused ? exitCodes.denied : exitCodes.gateway
  }
  return failed('service') ? exitCodes.upstream : exitCodes.ok
}
