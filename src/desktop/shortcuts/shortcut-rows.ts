import { ask, type Row } from '../api/rows.ts'
import type { Daemon } from '../running/daemon-types.ts'
import { saveShortcut, type ShortcutPlaces } from './save-shortcut.ts'

/** The call that saves a shortcut to a connection; `places` is asked each time, and may throw. */
export function shortcutRows(
  daemon: Pick<Daemon, 'find'>,
  places: () => ShortcutPlaces,
): readonly Row[] {
  return [
    ask('POST /connections/:id/shortcut', async (param) => {
      const { id, name } = daemon.find(param('id')).saved
      // By its id: a name may change, and may be anything.
      const shortcut = { id, name, args: ['desktop', 'connect', id] }
      return { path: await saveShortcut(shortcut, places()) }
    }),
  ]
}
