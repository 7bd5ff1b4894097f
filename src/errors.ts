import { cleanLine } from './terminal-text.ts'

/** What every error of ours may carry besides its code and message. */
export interface ErrorDetails {
  /** What to do next: one line, lower case, no full stop. */
  readonly hint?: string | undefined
  readonly cause?: unknown
}

/**
 * The one base of all errors we throw on purpose. The class says who is at fault, `code` says what
 * (stable, kebab-case, documented), the message names the thing in quotes and what was expected.
 */
export abstract class AppError extends Error {
  readonly code: string
  readonly hint: string | undefined

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause })
    this.name = new.target.name
    this.code = code
    this.hint = details.hint
  }
}

/** One fault in a configuration, at its place in the text. */
export interface Problem {
  /** The file's path as it was given, or the name of an environment variable. */
  readonly source: string
  /** 1-based; undefined where the fault has no place in a text (an environment variable). */
  readonly line?: number | undefined
  readonly column?: number | undefined
  /** Where in the document, such as `routes[3].policy[0].allow.or[1]`; empty for the whole. */
  readonly path: string
  readonly message: string
  readonly hint?: string | undefined
}

/** The operator's fault: carries every problem found, never only the first. */
export class ConfigError extends AppError {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super('invalid-configuration', configMessage(problems))
    this.problems = problems
  }
}

/**
 * Policy or sign-in says no. That is an answer and no fault: it has no stack, which costs more than the decision where
 * thousands are refused at once.
 */
export class AccessError extends AppError {
  constructor(code: string, message: string, details?: ErrorDetails) {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(code, message, details)
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** The other side broke the protocol, or asked for something that does not exist. */
export class PeerError extends AppError {}

/** The target cannot be reached. */
export class UpstreamError extends AppError {}

/** The machine or this program's use of it is at fault: a port in use, a file that cannot be read. */
export class SystemError extends AppError {}

/**
 * Formats a problem as `file:line:column: path: message`, its hint on a line of its own. Each is one line:
 * a key or value of the file may have line feeds.
 */
export function formatProblem(problem: Problem): string {
  const place = [problem.source, problem.line, problem.column].filter((part) => part !== undefined)
  const head = [place.join(':'), problem.path, problem.message].filter((part) => part !== '')
  const hint = problem.hint === undefined ? '' : `\n  hint: ${cleanLine(problem.hint)}`
  return cleanLine(head.join(': ')) + hint
}

function configMessage(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  const lines = problems.map((problem) => `  ${formatProblem(problem).replaceAll('\n', '\n  ')}`)
  return [`invalid configuration, ${count}`, ...lines].join('\n')
}

/** The `code` of a Node.js system error (`ECONNREFUSED`, …), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
