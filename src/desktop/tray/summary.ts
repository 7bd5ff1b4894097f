import type { ConnectionState, DaemonView } from '../wire/view.ts'

/** What the tray says at a glance. */
export interface Summary {
  /** Whether somebody has to do something. */
  readonly needsAttention: boolean
  readonly text: string
}

/** By how much it matters; of the good ones only their number is said. */
const troubles: readonly (readonly [
  state: ConnectionState,
  words: string,
  needsPerson: boolean,
])[] = [
  ['sign-in-needed', 'sign-in needed', true],
  ['denied', 'denied', true],
  ['failed', 'failed', true],
  ['not-listening', 'not listening', true],
  ['gateway-unreachable', 'gateway unreachable', false],
  ['service-unreachable', 'service unreachable', false],
]

/** Says how the connections stand that are up. */
export function summarize({ connections }: Pick<DaemonView, 'connections'>): Summary {
  const up = connections.filter(({ is_up: isUp }) => isUp)
  const count = (state: ConnectionState): number => up.filter((view) => view.state === state).length
  const said = [
    ...troubles.map(([state, words]) => [count(state), words] as const),
    [count('connected'), 'connected'] as const,
    [count('listening'), 'listening'] as const,
  ].filter(([many]) => many > 0)
  return {
    needsAttention: troubles.some(([state, , needsPerson]) => needsPerson && count(state) > 0),
    text:
      said.length === 0
        ? 'nothing is up'
        : said.map(([many, words]) => `${many} ${words}`).join(', '),
  }
}
