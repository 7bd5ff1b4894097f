import { crossSiteRequests, fixation, redirects } from './attacks/browser.ts'
import { guessing, phishing } from './attacks/guessing.ts'
import { hostileConnector, hostileGateway, hostileSite } from './attacks/hostile.ts'
import { forgedRequests, rebinding } from './attacks/network.ts'
import { codeInjection, mixUp, replay } from './attacks/sign-in.ts'
import { algorithms, otherGateways } from './attacks/tokens.ts'
import type { Attack } from './guard.ts'

/** Every attack that is tried, in the order in which docs/security.md has them. */
export const attacks: readonly Attack[] = [
  replay,
  mixUp,
  codeInjection,
  redirects,
  crossSiteRequests,
  fixation,
  algorithms,
  otherGateways,
  guessing,
  phishing,
  rebinding,
  forgedRequests,
  hostileGateway,
  hostileConnector,
  hostileSite,
]
