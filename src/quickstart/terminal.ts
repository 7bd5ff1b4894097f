// How the quickstart speaks.
//
// - A heading, then steps as they are done, then sections; commands stand alone on lines that begin
//   with four spaces, whole, so that they can be copied however narrow the terminal is.
// - Errors go to stderr as `postern: error: …`, one sentence, with what to do on a line of its own.
// - What others wrote (a gateway's refusal, a service's words) is cleaned here: one text, one line.
// - Colour only on a terminal, and not when NO_COLOR is set (https://no-color.org).

import { AppError, ConfigError, messageOf } from '../errors.ts'
import { isTerminal, standardOutput, terminalColumns } from '../standard-output.ts'
import { cleanLine } from '../terminal-text.ts'

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'

/** Where the text goes. */
export interface Screen {
  /** Takes whole lines. */
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
  readonly isTerminal: boolean
  /** Of the terminal, at this moment; undefined where it does not say. */
  readonly columns?: () => number | undefined
  readonly useColour: boolean
}

/** The quickstart's voice. */
export interface Terminal {
  heading(text: string): void
  /** What is under way; on a terminal it is replaced by what comes next. */
  progress(text: string): void
  /** A step that is done. */
  done(text: string): void
  /** More about the step before. */
  detail(text: string): void
  section(title: string): void
  line(text: string): void
  command(text: string): void
  /** Text of a page as it stands (`createPage`). */
  copy(text: string): void
  /** Says what will surprise somebody. */
  warn(text: string): void
  /** Says why the quickstart ends. */
  fatal(error: unknown, hint?: string): void
  paint(style: Style, text: string): string
}

const codes: Readonly<Record<Style, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  cyan: 36,
}
/** Commands are copied whole: far longer than any, in characters. @limit none: no caller of the gateway */
const maxLineLength = 20_000
const eraseLine = '\r\u001B[K'

/** Makes the voice of a quickstart. */
export function createTerminal(screen: Screen): Terminal {
  const { write, writeError, isTerminal, useColour } = screen
  let hasProgress = false
  const paint = (style: Style, text: string): string => {
    const clean = cleanLine(text, maxLineLength)
    return useColour ? `\u001B[${codes[style]}m${clean}\u001B[0m` : clean
  }
  const put = (text: string): void => {
    if (hasProgress) write(eraseLine)
    hasProgress = false
    write(`${text}\n`)
  }
  return {
    paint,
    heading: (text) => put(`\n${paint('bold', text)}\n`),
    progress(text) {
      if (!isTerminal) return
      // Only the row of the cursor is erased again.
      const room = Math.max(0, (screen.columns?.() || Number.POSITIVE_INFINITY) - 3)
      write(`${hasProgress ? eraseLine : ''}  ${paint('dim', `… ${text}`.slice(0, room))}`)
      hasProgress = true
    },
    done: (text) => put(`  ${paint('green', '✓')} ${cleanLine(text)}`),
    detail: (text) => put(`    ${paint('dim', text)}`),
    section: (title) => put(`\n${paint('bold', title)}\n`),
    line: (text) => put(text === '' ? '' : `  ${cleanLine(text)}`),
    command: (text) => put(`    ${paint('cyan', text)}`),
    copy: (text) => put(text.replace(/\n$/, '')),
    warn(text) {
      if (hasProgress) write(eraseLine)
      hasProgress = false
      writeError(`postern: ${paint('yellow', 'warning:')} ${cleanLine(text)}\n`)
    },
    fatal(error, hint) {
      if (hasProgress) write(eraseLine)
      hasProgress = false
      const hints = [error instanceof AppError ? error.hint : undefined, hint]
      const lines = hints
        .filter((line) => line !== undefined)
        .map((line) => `  hint: ${cleanLine(line)}\n`)
      writeError(
        `postern: ${paint('red', 'error:')} ${cleanLine(describe(error))}\n${lines.join('')}`,
      )
    },
  }
}

/** One that keeps what it is told, and its text. */
export function createPage(): { readonly terminal: Terminal; readonly text: () => string } {
  let text = ''
  const write = (more: string): void => void (text += more)
  const screen = { write, writeError: write, isTerminal: false, useColour: false }
  return { terminal: createTerminal(screen), text: () => text }
}

/** The terminal of this process; `onLost` is called once nobody reads any more, as when it was closed. */
export function processTerminal(onLost: () => void): Terminal {
  const isShown = isTerminal(1)
  for (const descriptor of [1, 2] as const) standardOutput(descriptor).onLost(onLost)
  return createTerminal({
    write: (text) => standardOutput(1).write(text),
    writeError: (text) => standardOutput(2).write(text),
    isTerminal: isShown,
    columns: () => terminalColumns(1),
    useColour: isShown && !process.env['NO_COLOR'],
  })
}

function describe(error: unknown): string {
  const isOurs = error instanceof AppError && !(error instanceof ConfigError)
  return isOurs ? error.message : `internal error: ${messageOf(error)}`
}
