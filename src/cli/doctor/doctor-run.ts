import { examine } from '../../client/doctor/doctor.ts'
import type { DoctorCheck } from '../../client/doctor/options.ts'
import { checkLine, formatReport } from '../../client/doctor/report.ts'
import { tokenCacheFor } from '../../client/sign-in/token-cache.ts'
import { silentLogger } from '../../log.ts'
import { SystemError } from '../../errors.ts'
import { homeDirectory } from '../../home-directory.ts'
import { sayTime } from '../../say-time.ts'
import { version } from '../../version.ts'
import type { AskOptions } from '../asking/ask-options.ts'
import { readServiceAccount, warnAboutSecrets } from '../credentials/given.ts'
import { clientEnvironment, environment } from '../process/environment.ts'
import { exitCodes, exitCodeOf } from '../process/exit-codes.ts'
import { untilEndSignal } from '../process/signals.ts'
import { note, printJson, printLine } from '../speech/print.ts'
import { processVoice } from '../speech/voice.ts'
import { findExamined, type Examined } from './examined.ts'
import { writeReport } from './write-report.ts'

/** The options of `postern doctor` as they were given. */
export interface DoctorOptions extends AskOptions {
  readonly gateway?: string
  readonly json?: boolean
  /** True for standard output. */
  readonly report?: string | true
}

/**
 * Tries everything and says how it came out; resolves to the exit code.
 *
 * @throws AppError for what is wrong with the command line, before anything is tried
 */
export async function runDoctor(text: string | undefined, options: DoctorOptions): Promise<number> {
  const component = { human: 'doctor', json: 'doctor' }
  const voice = processVoice({ format: 'human', level: 'warn', component })
  if (options.json === true && options.report === true) {
    throw new SystemError('invalid-option', '"--json" and "--report" both go to stdout', {
      hint: 'give the report a file: "--report report.txt"',
    })
  }
  const serviceAccountToken = await readServiceAccount(options, environment)
  warnAboutSecrets(options, voice)
  const asked = await findExamined(text, options, voice, serviceAccountToken)
  const told = clientEnvironment()
  const ended = await untilEndSignal(async (signal) => {
    const checks: DoctorCheck[] = []
    for await (const check of examine({ ...told, ...asked, serviceAccountToken, signal })) {
      checks.push(check)
      sayCheck(check, options)
    }
    return checks
  })
  if (typeof ended === 'number') return ended
  const failed = ended.find(({ verdict }) => verdict === 'failed')
  if (options.json === true) printJson(toJson(asked, ended, failed))
  if (options.report !== undefined) {
    const cache = tokenCacheFor({ ...told, ...asked, log: silentLogger })
    const secrets = secretsOf(serviceAccountToken ?? (await cache.read()))
    await writeReport(options.report, reportOf(ended, { asked, text, options, secrets }))
  }
  if (failed !== undefined) return exitCodeOfCheck(failed)
  // The way to the gateway is good, and the route is what nobody knows.
  if (asked.unknown !== undefined) throw asked.unknown
  return exitCodes.ok
}

/** As it comes: a step may take seconds. What it prints is for people where nothing else is on stdout. */
function sayCheck(check: DoctorCheck, { json, report }: DoctorOptions): void {
  const say = json === true || report === true ? note : printLine
  if (json === true && !isFailure(check)) return
  say(checkLine(check, sayTime))
  if (check.hint !== undefined) say(`  hint: ${check.hint}`)
  if (check.requestId !== undefined) say(`  request id: ${check.requestId}`)
}

function isFailure({ verdict }: DoctorCheck): boolean {
  return verdict === 'failed'
}

function toJson(
  { gateway, authority }: Examined,
  checks: readonly DoctorCheck[],
  failed: DoctorCheck | undefined,
): object {
  return {
    gateway: gateway.origin,
    destination: authority ?? null,
    ok: failed === undefined,
    failed_at: failed?.what ?? null,
    hint: failed?.hint ?? null,
    checks,
  }
}

/** By the stable code of what is wrong. */
function exitCodeOfCheck({ code, detail }: DoctorCheck): number {
  return code === undefined ? exitCodes.gateway : exitCodeOf(new SystemError(code, detail))
}

interface ReportParts {
  readonly asked: Examined
  readonly text: string | undefined
  readonly options: DoctorOptions
  readonly secrets: readonly string[]
}

function reportOf(
  checks: readonly DoctorCheck[],
  { asked, text, options, secrets }: ReportParts,
): string {
  const runtime = process.versions['bun'] === undefined ? 'node' : 'bun'
  const release = process.versions[runtime]
  return formatReport(checks, {
    nowMs: Date.now(),
    program: `${version}, ${runtime} ${release}, ${process.platform} ${process.arch}`,
    gateway: asked.gateway.origin,
    destination: asked.authority ?? text,
    settings: settingsOf(options),
    home: homeDirectory(),
    secrets,
  })
}

/** Only that they are there: values may have passwords. */
function settingsOf(options: DoctorOptions): readonly string[] {
  const flags = Object.keys(options)
    .filter((name) => name !== 'json' && name !== 'report')
    .map((name) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`)
  const variables = Object.keys(clientEnvironment().proxies)
  const own = ['POSTERN_GATEWAY', 'POSTERN_CA_FILE', 'POSTERN_SERVICE_ACCOUNT_FILE']
  return [...flags, ...variables, ...own.filter((name) => environment[name])]
}

/** Parts of a credential as well: a peer may repeat any of them. */
function secretsOf(credential: string | undefined): readonly string[] {
  if (credential === undefined) return []
  const [, secret = ''] = credential.split(':')
  return [credential, secret]
}
