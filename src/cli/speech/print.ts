// How a command writes: results to stdout, everything else to stderr (`voice.ts` has the rules of speech).
// Nothing else in `cli/` writes there, so that no table or sentence can forget to clean what it shows. A
// result waits for its reader; a sentence does not, and waits in a queue.

import { standardOutput, writeResult } from '../../standard-output.ts'
import { cleanLine, cleanText, escapeJson } from '../../terminal-text.ts'

/** Prints one line of a result. */
export function printLine(line: string): void {
  writeResult(`${cleanLine(line)}\n`)
}

/** Prints a word of our own making that may be longer than a line of others' is shown, such as a token. */
export function printLongLine(word: string): void {
  writeResult(`${cleanText(word)}\n`)
}

/** Prints a result of several lines that this program composed, each text of others in it cleaned as a line. */
export function printText(text: string): void {
  writeResult(cleanText(text))
}

/** Prints a result for scripts. */
export function printJson(value: unknown): void {
  writeResult(`${escapeJson(JSON.stringify(value, undefined, 2))}\n`)
}

/** Prints one of many results for scripts, on a line of its own; answers whether further ones are read. */
export function printJsonLine(value: unknown): boolean {
  return writeResult(`${escapeJson(JSON.stringify(value))}\n`)
}

/** Prints one of many lines that are kept as they are shown, such as a record; answers whether further ones are read. */
export function printRecord(line: string): boolean {
  return writeResult(`${cleanText(line)}\n`)
}

/** Says one line. */
export function note(line: string): void {
  standardOutput(2).write(`${cleanLine(line)}\n`)
}

/** Says several lines that this program composed, each text of others in them cleaned as a line. */
export function noteText(text: string): void {
  standardOutput(2).write(cleanText(text))
}
