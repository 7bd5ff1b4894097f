import { checkAccess } from './access-checks.ts'
import { checkGateway, checkTransport } from './gateway-checks.ts'
import { checkNetwork, untried } from './network-checks.ts'
import {
  doctorSteps,
  type DoctorCheck,
  type DoctorOptions,
  type DoctorStep,
  type Examination,
} from './options.ts'
import { stepLimits, wholeMs } from './step-limits.ts'

/**
 * Tries the way of a tunnel step by step: from the gateway's name to the service, or to who is signed in. What comes
 * after the first step that fails is told as not tried. It signs nobody in, and changes nothing.
 *
 * @throws the reason of the signal, when that ends it
 */
export async function* examine(options: DoctorOptions): AsyncGenerator<DoctorCheck> {
  const deadline = AbortSignal.timeout(wholeMs)
  const parts: Examination = {
    ...options,
    signal: AbortSignal.any([options.signal, deadline]),
    limits: { ...stepLimits, ...options.limits },
    now: options.now ?? Date.now,
    isWebSocketOnly: false,
  }
  const done = new Set<DoctorStep>()
  let hasFailed = false
  try {
    for (const group of [checkNetwork, oneGateway, checkTransport, checkAccess]) {
      if (hasFailed) break
      for await (const check of group(parts)) {
        done.add(check.what)
        hasFailed ||= check.verdict === 'failed'
        yield check
      }
    }
  } catch (error) {
    options.signal.throwIfAborted()
    if (!deadline.aborted) throw error
  }
  for (const what of stepsOf(options)) if (!done.has(what)) yield untried(what)
}

async function* oneGateway(parts: Examination): AsyncGenerator<DoctorCheck> {
  yield await checkGateway(parts)
}

/** Those that are to be tried: with a destination or without. */
function stepsOf({ authority }: DoctorOptions): readonly DoctorStep[] {
  const others: readonly DoctorStep[] = authority === undefined ? ['policy', 'service'] : ['routes']
  return doctorSteps.filter((step) => !others.includes(step))
}
