import type { Ended } from '../../../src/telemetry/ended.ts'
import type { Against } from './facts.ts'
import type { Opening } from './opening.ts'
import type { RaceTally } from './race-tally.ts'
import type { Scene } from './scene.ts'

const refusals: Readonly<Record<string, Against>> = {
  'gateway-leaving': 'leaving',
  'person-blocked': 'blocked',
  'route-not-found': 'no route',
  'route-changed': 'another place',
  'policy-denied': 'policy',
  'sign-in-required': 'policy',
  'credential-unknown': 'policy',
}

const causes: Partial<Readonly<Record<Ended, Against>>> = {
  shutdown: 'leaving',
  'person-blocked': 'blocked',
  'route-removed': 'no route',
  'route-changed': 'another place',
  'policy-changed': 'policy',
  'access-ended': 'policy',
  'session-revoked': 'policy',
  'session-expired': 'policy',
  'provider-logout': 'policy',
}

/** When nothing is under way any more: what is open is what may be, and nothing else was refused or cut. */
export function checkEnd(scene: Scene, tally: RaceTally): void {
  const { liveTunnels } = scene.gateway.parts
  const registered = new Set(liveTunnels.open().map(({ grant }) => grant.request.requestId))
  for (const opening of scene.openings) {
    const { id, phase, refused, ended } = opening
    const isOpen = phase === 'open'
    if (registered.has(id) !== isOpen)
      throw new Error(`${id} is ${phase}, and the register differs`)
    if (isOpen && !scene.mayBeOpen(opening)) throw new Error(`${id} is open, and may not be`)
    if (!isOpen) checkOver(opening)
    const how = refused ?? ended ?? (isOpen ? 'open' : 'closed')
    tally.outcomes.set(how, (tally.outcomes.get(how) ?? 0) + 1)
  }
  if (liveTunnels.size !== registered.size)
    throw new Error(`${liveTunnels.size} tunnels are kept, of which ${registered.size} are open`)
}

function checkOver({
  id,
  refused,
  ended,
  against,
  isCutByOperator,
  isClosedByClient,
}: Opening): void {
  const found = [...against].join() || 'nothing'
  if (refused !== undefined) {
    const cause = refusals[refused]
    if (cause === undefined || !against.has(cause))
      throw new Error(`${id} was refused by ${refused}, and against it is ${found}`)
    return
  }
  if (ended === 'cut-by-operator' && isCutByOperator) return
  if (ended === undefined && isClosedByClient) return
  const cause = ended && causes[ended]
  if (cause === undefined || !against.has(cause))
    throw new Error(`${id} ended by ${ended}, and against it is ${found}`)
}
