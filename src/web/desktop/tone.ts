import type { ConnectionState } from '../../desktop/wire/view.ts'

/** How a state looks: its colour and its sign. */
export type Tone = 'off' | 'good' | 'open' | 'wanted' | 'bad' | 'none'

const tones: Readonly<Record<ConnectionState, Tone>> = {
  off: 'off',
  listening: 'good',
  connected: 'open',
  'sign-in-needed': 'wanted',
  'gateway-unreachable': 'bad',
  'service-unreachable': 'bad',
  denied: 'bad',
  failed: 'bad',
  'not-listening': 'bad',
  unsupported: 'none',
}

export function toneOf(state: ConnectionState): Tone {
  return tones[state]
}

/** Whether what went wrong belongs beside the state: it is why the state is what it is. */
export function isTroubled(state: ConnectionState): boolean {
  return ['bad', 'none', 'wanted'].includes(toneOf(state))
}
