import type { Daemon } from '../../desktop/running/daemon-types.ts'
import type { LogEntry } from '../../desktop/wire/view.ts'
import type { Voice } from '../speech/voice.ts'

/** Says what happens to connections, each line with the name of its connection. */
export function sayEntries(daemon: Daemon, voice: Voice): Disposable {
  return daemon.onEntry((entry) => sayEntry(entry, nameOf(daemon, entry.connection), voice))
}

/** Says one line of a connection's log. */
function sayEntry(entry: LogEntry, name: string, voice: Voice): void {
  const { level, message, hint, code, page, request_id: requestId } = entry
  voice[level](`${name}: ${message}`, {
    connection: name,
    hint,
    code,
    page,
    'request-id': requestId,
  })
}

function nameOf(daemon: Daemon, id: string): string {
  return daemon.all().find(({ saved }) => saved.id === id)?.saved.name ?? id
}
