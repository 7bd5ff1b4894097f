import { PeerError } from '../../errors.ts'
import { ask, row, type Row } from '../api/rows.ts'
import { windowInput } from '../wire/calls.ts'
import type { Window } from './window.ts'

/**
 * The calls about the window, for the daemon's socket alone: who is let in decides whoever may open that. A browser
 * asks the window's server itself about browsers, and for no code: one that is put out leaves no other one behind.
 */
export function windowRows(window: Window): readonly Row[] {
  return [
    row('POST /window', windowInput, (input) => window.open(input)),
    ask('GET /browsers', () => ({ browsers: window.browsers() })),
    ask('DELETE /browsers/:id', async (param) => {
      const id = param('id')
      if (await window.revoke(id)) return { removed: [id] }
      throw new PeerError('browser-not-found', 'no browser of this id may use the window')
    }),
  ]
}
