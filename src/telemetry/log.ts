import pino from 'pino'

import { systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import type { LogFields, Logger, LogLevel } from '../log.ts'
import { standardOutput } from '../standard-output.ts'
import { escapeJson } from '../terminal-text.ts'
import { formatHumanLine, type HumanLines } from './human-line.ts'
import { redactFields } from './redact.ts'

/** Where lines go, each with its line feed. */
export interface LineSink {
  write(line: string): void
  /** How many lines have not reached their reader so far. */
  readonly droppedLines?: number
  /** Calls back when lines flow again, with how many were dropped before. */
  onResumed?(listener: (droppedLines: number) => void): void
}

/** One process's log, one `Logger` for each part of it. */
export interface Log {
  /** The logger of one part, named in the field `service`. */
  service(name: string): Logger
  /** Changes, from the next line on, which lines are written by all loggers of this log. */
  setLevel(level: LogLevel): void
}

export interface LogOptions {
  /** Default: standard output. */
  readonly sink?: LineSink | undefined
  /** Default: `info`. */
  readonly level?: LogLevel | undefined
  readonly clock?: Clock | undefined
  /** Lines are for a person at a terminal, and not JSON. */
  readonly human?: HumanLines | undefined
}

/**
 * Opens a log. A line is compact JSON: `level`, `service`, the caller's fields, `time` (RFC 3339) and
 * `message`, in this order. Values under secret names are replaced, see `redact.ts`.
 */
export function createLog(options: LogOptions = {}): Log {
  const { sink = standardOutput(1), level = 'info', clock = systemClock, human } = options
  const root = pino(
    {
      level,
      base: null,
      timestamp: false,
      messageKey: 'message',
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => ({ ...redactFields(fields), time: new Date(clock.now()).toISOString() }),
      },
    },
    { write: (line) => sink.write(escapeJson(line)) },
  )
  const log: Log = {
    service(name) {
      const at = (method: LogLevel) => {
        return (message: string, fields: LogFields = {}): void => {
          // Pino's children copy the level, so it is asked of the root, which a reload changes.
          if (!root.isLevelEnabled(method)) return
          if (human === undefined) return root[method]({ service: name, ...fields }, message)
          const rest = { timeMs: clock.now(), level: method, service: name, message }
          sink.write(formatHumanLine({ ...rest, fields: redactFields(fields) }, human))
        }
      }
      return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
    },
    setLevel(next) {
      root.level = next
    },
  }
  const logger = log.service('log')
  sink.onResumed?.((lines) => logger.warn('log lines were dropped', { lines }))
  return log
}
