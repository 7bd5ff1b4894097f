import type { ConnectionState, ConnectionView, ShownSettings } from '../wire/view.ts'
import type { SavedConnection } from '../wire/connection.ts'
import type { Kept } from './kept.ts'

/** What is shown of a connection. */
export function viewOf({ saved, checked, file, address, running }: Kept): ConnectionView {
  const { destination, unsupported } = checked ?? {}
  const state: ConnectionState =
    unsupported === undefined && checked !== undefined ? (running?.state ?? 'off') : 'unsupported'
  const trouble =
    unsupported === undefined
      ? running?.trouble
      : { code: 'unsupported', message: unsupported, at: '' }
  return {
    id: saved.id,
    settings: shownSettings(saved),
    ...(destination !== undefined && {
      gateway: destination.gateway.origin,
      authority: destination.authority,
    }),
    state,
    is_up: running !== undefined,
    address: running?.address ?? address,
    ...(trouble !== undefined && { trouble }),
    tunnels: running?.tunnels ?? 0,
    bytes: running?.bytes ?? { up: 0, down: 0 },
    ...(file !== undefined && { file }),
  }
}

/** Without the private key, which goes nowhere. */
function shownSettings(saved: SavedConnection): ShownSettings {
  const { id: _, address: __, client_key: key, ...settings } = saved
  return { ...settings, has_client_key: key !== undefined }
}
