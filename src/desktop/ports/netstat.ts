import { parseListening, type Listening } from './listening-hosts.ts'

/** A process that listens. */
export interface ListeningProcess extends Listening {
  readonly pid: number
}

/**
 * Reads `netstat -ano` of Windows: `TCP  LOCAL  FOREIGN  STATE  PID`. The state is a word of the system's language;
 * whoever listens has no foreign port.
 *
 * @see https://learn.microsoft.com/windows-server/administration/windows-commands/netstat
 */
export function parseNetstat(text: string): readonly ListeningProcess[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [protocol, local = '', foreign, ...rest] = line.trim().split(/\s+/)
    const pid = Number(rest.at(-1))
    const isListening = protocol === 'TCP' && /^(?:0\.0\.0\.0|\[::\]):0$/.test(foreign ?? '')
    const listening = isListening ? parseListening(local) : undefined
    return listening !== undefined && pid > 0 ? [{ ...listening, pid }] : []
  })
}

/** What asks `tasklist` for the name of one process. */
export function tasklistArguments(pid: number): readonly string[] {
  return ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH']
}

/**
 * The program of a process, of what `tasklist /FO CSV /NH` says: `"postgres.exe","812",…`; undefined where there is
 * none, which it says in a sentence.
 *
 * @see https://learn.microsoft.com/windows-server/administration/windows-commands/tasklist
 */
export function parseTasklist(text: string, pid: number): string | undefined {
  for (const line of text.split(/\r?\n/)) {
    const [, program, found] = /^"([^"]+)","(\d+)"/.exec(line) ?? []
    if (Number(found) === pid) return program
  }
  return undefined
}
