import type { ConnectionState, ConnectionView } from '../wire/view.ts'

const words: Readonly<Record<ConnectionState, string>> = {
  off: 'off',
  listening: 'listening',
  connected: 'connected',
  'sign-in-needed': 'sign-in needed',
  'gateway-unreachable': 'gateway unreachable',
  'service-unreachable': 'service unreachable',
  denied: 'denied',
  failed: 'failed',
  'not-listening': 'not listening',
  unsupported: 'not supported',
}

/** States that say everything themselves. */
const isEnough: ReadonlySet<ConnectionState> = new Set(['off', 'listening', 'connected'])

/** How it stands with a connection, in words: `denied: access to "db:5432" is denied`. */
export function sayState({ state, trouble }: Pick<ConnectionView, 'state' | 'trouble'>): string {
  const said = words[state]
  return isEnough.has(state) || trouble === undefined ? said : `${said}: ${trouble.message}`
}
