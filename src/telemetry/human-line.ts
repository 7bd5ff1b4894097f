import { levelLabels, paint } from '../level-words.ts'
import type { LogFields, LogLevel } from '../log.ts'
import { cleanLine } from '../terminal-text.ts'
import { sayLine } from './log-sentences.ts'
import { quoteValue } from './quote-value.ts'

/** How lines are shown to a person at a terminal. */
export interface HumanLines {
  readonly useColour: boolean
}

/** One line of a log, before it is written somehow. */
export interface LogLine {
  readonly timeMs: number
  readonly level: LogLevel
  readonly service: string
  readonly message: string
  /** Without what is secret. */
  readonly fields: LogFields
}

/** @limit a value in a log line for people: the rest is left out, and stands in the JSON line */
const maxValueLength = 200

/**
 * A log line as people read it: `10:00:02 INF gateway: listening address=127.0.0.1:443 routes=2`, in the time of this
 * machine. Whatever others wrote in it stays on that line, and is shown and not obeyed.
 */
export function formatHumanLine(line: LogLine, { useColour }: HumanLines): string {
  const { timeMs, level, service, message, fields } = line
  const text = sayLine(message, fields) ?? [message, ...pairsOf(fields, level)].join(' ')
  const head = `${paint(timeOf(timeMs), 'dim', useColour)} ${paint(levelLabels[level], level, useColour)}`
  return `${head} ${cleanLine(`${service}: ${text}`)}\n`
}

function timeOf(timeMs: number): string {
  const time = new Date(timeMs)
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
}

/** Names a thing for scripts, and says nothing beside the others; the id of a request leads from a fault to its other lines. */
const seldomRead = new Set(['session-id', 'session-ids', 'user-agent', 'route-id', 'tunnel-ids'])

function pairsOf(fields: LogFields, level: LogLevel): readonly string[] {
  const isFault = level === 'warn' || level === 'error'
  return Object.entries(fields)
    .filter(([name]) => !seldomRead.has(name))
    .filter(([name]) => isFault || name !== 'request-id')
    .filter(([name]) => name !== 'user' || !fields['email'])
    .flatMap(([name, value]) => {
      const text = textOf(value)
      return text === '' ? [] : [`${name}=${quoteValue(text)}`]
    })
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'string')
  // A function has no JSON.
  const list = isList ? value.join(',') : (JSON.stringify(value) ?? '')
  return cleanLine(typeof value === 'string' ? value : list, maxValueLength)
}
