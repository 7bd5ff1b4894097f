import { cleanLine } from '../../terminal-text.ts'
import { verdictWords, type Check } from '../../reach/checks.ts'
import type { DoctorCheck } from './options.ts'

/** What a report says besides the checks. */
export interface ReportFacts {
  readonly nowMs: number
  /** The program and what it runs on, such as `1.0.0, node 26.10.0, linux x64`. */
  readonly program: string
  readonly gateway: string
  /** What was asked for; undefined where nothing was. */
  readonly destination: string | undefined
  /** Names of the variables and options by which the way was chosen, never their values. */
  readonly settings: readonly string[]
  /** Undefined for somebody without one. */
  readonly home: string | undefined
  /** Texts that must not be in it, whatever wrote them, such as tokens. */
  readonly secrets: readonly string[]
}

/** One check as a line: how it came out, what, how long it took, what was found. `say` tells its moment. */
export function checkLine(
  { verdict, what, target, detail: found, moment, ms }: Check,
  say: (moment: string) => string = (text) => text,
): string {
  const detail = moment === undefined ? found : found.replace(moment, () => say(moment))
  const time = verdict === 'not-tried' || ms === undefined ? '' : `${ms} ms`
  const isNamed = target === '' || detail.includes(`"${target}"`)
  const text = isNamed ? detail : [target, detail].filter((part) => part !== '').join(': ')
  const head = `${verdictWords[verdict].padEnd(9)}  ${what.padEnd(11)}  ${time.padStart(8)}`
  return `${head}  ${text}`.trimEnd()
}

/**
 * A text to send to whoever runs the gateway. It has no secret: neither the checks nor the facts take one over, and what
 * looks like one, or is one of those that are given, is taken out of what peers wrote.
 */
export function formatReport(checks: readonly DoctorCheck[], facts: ReportFacts): string {
  const failed = checks.find(({ verdict }) => verdict === 'failed')
  const head = [
    ['made', new Date(facts.nowMs).toISOString()],
    ['postern', facts.program],
    ['gateway', facts.gateway],
    ['destination', facts.destination ?? 'none'],
    ['settings', facts.settings.length === 0 ? 'none' : facts.settings.join(', ')],
    ['outcome', failed === undefined ? 'everything works' : `fails at ${failed.what}`],
  ].map(([name = '', value = '']) => `${`${name}:`.padEnd(13)}${value}`)
  const lines = checks.flatMap((check) => [
    checkLine(check),
    ...(check.hint === undefined ? [] : [`  hint: ${check.hint}`]),
    ...(check.code === undefined ? [] : [`  code: ${check.code}`]),
    ...(check.requestId === undefined ? [] : [`  request id: ${check.requestId}`]),
  ])
  const text = ['Report of "postern doctor"', '', ...head, '', ...lines]
  return `${text.map((line) => cleanLine(withoutSecrets(line, facts))).join('\n')}\n`
}

const removed = '[removed]'

/** Takes out what a report must not have. */
function withoutSecrets(line: string, { home, secrets }: ReportFacts): string {
  let text = line
  for (const secret of secrets) if (secret !== '') text = text.replaceAll(secret, removed)
  if (home !== undefined && home.length > 1) text = text.replaceAll(home, '~')
  return (
    text
      // User and password of an address.
      .replaceAll(/(\w:\/\/)[^\s/@"]+@/g, `$1${removed}@`)
      // A token of ours or of others (RFC 7515 §3.1), or a field that carries one.
      .replaceAll(/\b[\w-]{16,}\.[\w-]{16,}\.[\w-]{16,}/g, removed)
      .replaceAll(/\b(authorization|cookie|set-cookie)(["']?[:=]\s*)\S.*/gi, `$1$2${removed}`)
      .replaceAll(/\b(Bearer|Basic|Pomerium) [\w+/=.~-]{8,}/g, `$1 ${removed}`)
  )
}
