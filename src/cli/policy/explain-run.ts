import type { TryAnswer, TryRequest } from '../../control/trial-protocol.ts'
import { cleanLine } from '../../terminal-text.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson, printText } from '../speech/print.ts'
import { saySecond } from '../../say-time.ts'
import type { ExplainOptions } from './policy-options.ts'
import { traceLines } from './trace-text.ts'
import { trialClient } from './trial-client.ts'

/** Prints what would be decided for somebody on a route, and why; resolves to the exit code. */
export async function explainDecision(
  who: string,
  route: string,
  options: ExplainOptions,
): Promise<number> {
  const client = await trialClient(options)
  const answer = await client.tryAccess(requestOf(who, route, options))
  if (options.json) printJson(answer)
  else {
    printText(`${[headOf(answer), ...traceLines(answer.trace)].map(cleanIndented).join('\n')}\n`)
    if (answer.assumed.length > 0) note(`assumed: this caller ${answer.assumed.join('; ')}`)
  }
  return exitCodes.ok
}

function requestOf(who: string, route: string, options: ExplainOptions): TryRequest {
  const { at, from, group, claim, provider, serviceAccount, certificate } = options
  return {
    ...(serviceAccount ? { service_account: who } : who === 'nobody' ? {} : { person: who }),
    route,
    at,
    ip: from,
    groups: group,
    claims: claim,
    provider,
    certificate: certificate && {},
  }
}

function headOf({ outcome, route, who, ip, at, valid_until: until, reasons }: TryAnswer): string {
  const name = who.email ?? who.user_id ?? 'somebody who is not signed in'
  const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`
  const holds = until === null ? '' : `, until ${saySecond(until)} at the latest`
  return `${outcome}: ${name} on route "${route.name}" from ${ip} at ${saySecond(at)}${holds}${why}`
}

/** Its indentation is ours; the rest may be anybody's. */
export function cleanIndented(line: string): string {
  const [indent = ''] = /^ */.exec(line) ?? []
  return indent + cleanLine(line.slice(indent.length))
}
