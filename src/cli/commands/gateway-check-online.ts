import { checkLine } from '../../client/doctor/report.ts'
import type { GatewayConfig } from '../../config/config.ts'
import type { PreflightCheck } from '../../preflight/check.ts'
import { preflight } from '../../preflight/preflight.ts'
import { sayTime } from '../../say-time.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { untilEndSignal } from '../process/signals.ts'
import { note, printLine } from '../speech/print.ts'

/** How often somebody who waits is told how far it is, in milliseconds. */
const progressMs = 5_000

/**
 * Tries what a configuration leads to. For people each check is a line as soon as it and those before it are there; for
 * scripts nothing is printed. Answers the checks, or the exit code of the signal that ended it.
 */
export async function tryOnline(
  config: GatewayConfig,
  { isForPeople }: { readonly isForPeople: boolean },
): Promise<readonly PreflightCheck[] | number> {
  return untilEndSignal(async (signal) => {
    const checks: PreflightCheck[] = []
    const { total, done, results } = preflight({ config, signal })
    const progress = setInterval(() => note(`${done()} of ${total} tried`), progressMs)
    try {
      for await (const found of results()) {
        checks.push(...found)
        if (isForPeople) for (const check of found) sayCheck(check)
      }
    } finally {
      clearInterval(progress)
    }
    if (isForPeople) note(summaryOf(checks))
    return checks
  })
}

/** The exit code by which a script learns how it came out. */
export function exitCodeOfChecks(checks: readonly PreflightCheck[]): number {
  return checks.some(({ verdict }) => verdict === 'failed') ? exitCodes.unready : exitCodes.ok
}

function sayCheck(check: PreflightCheck): void {
  printLine(checkLine(check, sayTime))
  if (check.hint !== undefined) printLine(`  hint: ${check.hint}`)
}

function summaryOf(checks: readonly PreflightCheck[]): string {
  const count = (verdict: PreflightCheck['verdict']): number =>
    checks.filter((check) => check.verdict === verdict).length
  const untried = count('not-tried')
  return [
    `${count('ok')} ok`,
    `${count('warning')} to look at`,
    `${count('failed')} failed`,
    ...(untried === 0 ? [] : [`${untried} that cannot be told`]),
  ].join(', ')
}
