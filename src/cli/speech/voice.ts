// How the program speaks.
//
// - stdout carries results, and the tunnel's bytes with `--listen -`. Everything else goes to stderr.
// - A sentence is lower case, without a full stop, with the offending thing in quotes.
// - What to do about it stands on a line of its own: `  hint: …`. So does the request id.
// - An error that ends the program begins with `postern: error: `, never with a stack trace. What
//   happens meanwhile is a log line: `5:57PM INF tcptunnel: listening on 127.0.0.1:52046`.
// - With `--log-format json` both are JSON lines, for scripts.
// - What others wrote is cleaned here, whoever says it: one text, one line.
// - Colour only on a terminal, and not when NO_COLOR is set (https://no-color.org).

import { AppError, ConfigError, messageOf } from '../../errors.ts'
import { levelLabels, paint } from '../../level-words.ts'
import type { LogFields, Logger, LogLevel } from '../../log.ts'
import { isTerminal, standardOutput } from '../../standard-output.ts'
import { cleanLine, cleanText, escapeJson } from '../../terminal-text.ts'
import { environment } from '../process/environment.ts'

export interface VoiceOptions {
  readonly format: 'human' | 'json'
  /** Lines below this level are not said. */
  readonly level: LogLevel
  /** Who speaks: before each human line, and `component` in JSON. */
  readonly component: { readonly human: string; readonly json: string }
  /** Takes whole lines. */
  readonly write: (text: string) => void
  readonly useColour: boolean
  /** The time in milliseconds since the epoch. */
  readonly now: () => number
}

export interface Voice extends Logger {
  /** Says why the program ends. */
  fatal(error: unknown): void
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** Makes a voice that speaks to a person or to a script. */
export function createVoice(options: VoiceOptions): Voice {
  const say = (level: LogLevel, message: string, fields: LogFields = {}): void => {
    if (levels.indexOf(level) < levels.indexOf(options.level)) return
    options.write(formatLine(options, level, message, fields))
  }
  return {
    debug: (message, fields) => say('debug', message, fields),
    info: (message, fields) => say('info', message, fields),
    warn: (message, fields) => say('warn', message, fields),
    error: (message, fields) => say('error', message, fields),
    fatal(error) {
      if (options.format === 'json') say('error', describe(error), errorFields(error))
      else options.write(formatFatal(error, options.useColour))
    },
  }
}

/** The voice of this process: stderr, in colour when that is a terminal. */
export function processVoice(options: Pick<VoiceOptions, 'format' | 'level' | 'component'>): Voice {
  const output = standardOutput(2)
  const voice = createVoice({
    ...options,
    write: (text) => output.write(text),
    useColour: isTerminal(2) && !environment['NO_COLOR'],
    now: Date.now,
  })
  output.onResumed((lines) => voice.warn(`${lines} lines before this one were lost`, { lines }))
  return voice
}

/** What an error carries besides its message, as fields of a log line. */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof AppError)) return unexpectedFields(error)
  const details: Partial<Record<string, unknown>> = Object.fromEntries(Object.entries(error))
  return {
    code: error.code,
    hint: error.hint,
    ended: details['ended'],
    'request-id': details['requestId'] || undefined,
    page: details['page'],
    reasons:
      Array.isArray(details['reasons']) && details['reasons'].length > 0
        ? details['reasons']
        : undefined,
  }
}

/** An error as one sentence; what we did not throw on purpose is our own fault. */
export function describe(error: unknown): string {
  return error instanceof AppError ? error.message : `internal error: ${messageOf(error)}`
}

/** Where an error of our own came from, for those who ask; nobody else gains by a stack. */
function unexpectedFields(error: unknown): LogFields {
  const stack = error instanceof Error ? error.stack : undefined
  return environment['POSTERN_DEBUG'] && stack !== undefined
    ? { hint: 'this is a fault of postern: report it with this', stack }
    : { hint: 'this is a fault of postern: set POSTERN_DEBUG=1 to see where, and report it' }
}

function formatFatal(error: unknown, useColour: boolean): string {
  const prefix = `postern: ${paint('error:', 'error', useColour)} `
  // The one message of several lines; each of its problems is cleaned as one.
  const text = error instanceof ConfigError ? cleanText(error.message) : cleanLine(describe(error))
  return `${prefix}${text}\n${formatDetails(errorFields(error))}`
}

function formatLine(
  { format, component, useColour, now }: VoiceOptions,
  level: LogLevel,
  message: string,
  fields: LogFields,
): string {
  const time = new Date(now())
  if (format === 'json') {
    const line = { level, component: component.json, ...fields, time: time.toISOString(), message }
    return `${escapeJson(JSON.stringify(line))}\n`
  }
  const head = `${paint(formatTime(time), 'dim', useColour)} ${paint(levelLabels[level], level, useColour)}`
  return `${head} ${component.human}: ${cleanLine(message)}\n${formatDetails(fields)}`
}

/** Only what a person can use; the other fields are for scripts. */
function formatDetails({ hint, reasons, stack, page, 'request-id': requestId }: LogFields): string {
  return [
    Array.isArray(reasons) ? `  reasons: ${cleanLine(reasons.join(', '))}\n` : '',
    typeof hint === 'string' ? `  hint: ${cleanLine(hint)}\n` : '',
    typeof stack === 'string' ? stack.split('\n').map(formatStackLine).join('') : '',
    typeof page === 'string' ? `  why: ${cleanLine(page)}\n` : '',
    typeof requestId === 'string' ? `  request id: ${cleanLine(requestId)}\n` : '',
  ].join('')
}

function formatStackLine(line: string): string {
  return `    ${cleanLine(line)}\n`
}

/** `5:57PM`, as Pomerium's client prints it. */
function formatTime(time: Date): string {
  const hours = time.getHours()
  const minutes = String(time.getMinutes()).padStart(2, '0')
  return `${hours % 12 === 0 ? 12 : hours % 12}:${minutes}${hours < 12 ? 'AM' : 'PM'}`
}
