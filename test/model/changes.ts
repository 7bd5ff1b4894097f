import type { Random } from './random.ts'
import type { Rig } from './rig.ts'
import { tickMs } from './rules.ts'
import { refreshMs } from './world/limits.ts'
import { changeAccess } from './changes/access.ts'
import { changeGroups, changeUsers } from './changes/company-directory.ts'
import { connectConnector, endNamedTunnel, loseConnector } from './changes/connectors.ts'
import {
  editDirectory,
  editFile,
  editIdleLimit,
  editPolicy,
  editStored,
  editTrust,
  reloadUnchanged,
} from './changes/routes.ts'
import { changeAccount } from './changes/service-accounts.ts'
import {
  block,
  breakProvider,
  editClaims,
  logOutAtProvider,
  refuseRefresh,
  renew,
  revokeSession,
  signIn,
  signInTooOften,
} from './changes/sessions.ts'
import { close, cutByOperator, open, openMany } from './changes/tunnels.ts'

/** Time passes, tick by tick; `sequence.ts` looks at each. */
export const passing = {
  'time passes': [14, (random) => 1 + random.below(8)],
  'much time passes': [2, (random) => 20 + random.below(110)],
} as const satisfies Readonly<
  Record<string, readonly [weight: number, ticks: (random: Random) => number]>
>

/** Until the gateway must have heard of it. */
const refreshTicks = refreshMs / tickMs

/** What cuts nothing, however often it happens. */
export const harmless = {
  'tunnels are asked for': [34, open],
  'many tunnels are asked for': [2, openMany],
  'somebody signs in': [8, signIn],
  'the file is reloaded as it is': [2, reloadUnchanged],
  'a session is renewed': [2, renew],
  'the provider fails or recovers': [4, breakProvider],
  'a connector comes': [5, connectConnector],
} as const satisfies Happenings

/** What cuts some tunnels, and leaves the others. */
export const cutting = {
  'a tunnel ends': [2, close],
  'the file is edited': [7, editFile],
  'an idle limit is edited': [6, editIdleLimit, 6],
  'a stored route is edited': [4, editStored],
  'a stored policy is edited': [4, editPolicy],
  'the directory is edited': [9, editDirectory],
  'provisioned users change': [9, changeUsers],
  'provisioned groups change': [4, changeGroups],
  'a certificate is revoked or trusted': [12, editTrust],
  'somebody signs in too often': [7, signInTooOften],
  'a session is revoked': [2, revokeSession],
  'the provider logs out': [2, logOutAtProvider],
  'somebody is blocked or unblocked': [3, block],
  'claims change': [3, editClaims, refreshTicks],
  'a refresh is refused': [3, refuseRefresh, refreshTicks],
  'a service account changes': [5, changeAccount],
  'access for a while': [8, changeAccess],
  'an operator cuts': [2, cutByOperator],
  'a connector goes': [3, loseConnector],
  'a named tunnel ends': [3, endNamedTunnel],
} as const satisfies Happenings

/** Something that happens; false where there was nothing to do. */
type Happen = (rig: Rig, random: Random) => Promise<boolean>

type Happenings = Readonly<
  Record<string, readonly [weight: number, happen: Happen, thenTicks?: number]>
>

/** Everything that happens but the passing of time. */
export const happenings: Readonly<Record<Happening, Happenings[string]>> = {
  ...harmless,
  ...cutting,
}

export type Passing = keyof typeof passing
export type Happening = keyof typeof harmless | keyof typeof cutting
export type Kind = Passing | Happening

/** Every kind, as often as it is to be drawn. */
export const weighted: readonly Kind[] = Object.entries({ ...passing, ...happenings }).flatMap(
  ([kind, [weight]]) => Array<Kind>(weight).fill(kind as Kind),
)
