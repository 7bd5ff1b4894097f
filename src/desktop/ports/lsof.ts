import { parseListening, type Listening } from './listening-hosts.ts'

/** A program that listens. */
export interface ListeningProgram extends Listening {
  readonly pid: number
  readonly program: string
}

/** What asks `lsof` who listens on a port: numbers for names, and the whole name of a program. */
export function lsofArguments(port: number): readonly string[] {
  return ['-nP', '+c0', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpcn']
}

/**
 * Reads fields of `lsof -Fpcn`, one a line: a process (`p`) and its program (`c`) stand before its addresses (`n`).
 *
 * @see https://lsof.readthedocs.io/en/latest/manpage/#output-for-other-programs
 */
export function parseLsof(text: string): readonly ListeningProgram[] {
  const found: ListeningProgram[] = []
  let [pid, program] = [0, '']
  for (const line of text.split('\n')) {
    const value = line.slice(1)
    if (line.startsWith('p')) [pid, program] = [Number(value) || 0, '']
    else if (line.startsWith('c')) program = unescaped(value)
    else if (line.startsWith('n')) {
      const listening = parseListening(value)
      if (listening !== undefined && pid > 0) found.push({ ...listening, pid, program })
    }
  }
  return found
}

/** Blanks and what is not ASCII are written byte by byte: `Google\x20Chrome`. */
function unescaped(text: string): string {
  return text.replaceAll(/(?:\\x[\da-f]{2})+/g, (run) =>
    Buffer.from(run.replaceAll('\\x', ''), 'hex').toString(),
  )
}
