import type { Session } from '../identity/session.ts'
import { localProviderId } from '../identity/user-ids.ts'
import type { PagesParts } from '../gateway/parts.ts'
import { explainReason } from '../policy/explain.ts'
import { maxAskedSeconds } from '../control/requests.ts'
import type { RouteAccess } from '../requests/route-access.ts'
import type {
  PortalAccess,
  PortalPerson,
  PortalRequest,
  PortalRoute,
  PortalView,
} from './portal-view.ts'

type Caller = Parameters<PagesParts['seenBy']>[0]

export interface Visitor extends Pick<Caller, 'client'> {
  /** Undefined for somebody who is not signed in. */
  readonly session: Session | undefined
  /** The URL by which they reach the gateway. */
  readonly gateway: string
}

/**
 * What a visitor sees. Where people can sign in, whoever has not sees no route at all: which services
 * there are is nobody else's business.
 */
export function viewPortal(
  parts: Pick<PagesParts, 'origin' | 'seenBy' | 'roleOf' | 'accessFor'>,
  visitor: Visitor,
  nowMs: number,
): Omit<PortalView, 'hasAsked' | 'install'> {
  const { origin, seenBy, roleOf } = parts
  const { session, client, gateway } = visitor
  const caller = { client, session, sessionVersion: undefined }
  const canSignIn = origin !== undefined
  const isHidden = canSignIn && session === undefined
  const accessOf = (route: Seen['route']): PortalAccess | null => {
    const access = parts.accessFor(caller, route)
    return access === undefined ? null : toAccess(access)
  }
  const { usable, listed } = isHidden ? { usable: [], listed: [] } : seenBy(caller, gateway)
  return {
    canSignIn,
    person: session === undefined ? null : toPerson(session, roleOf(caller) !== undefined),
    nowMs,
    routes: [
      ...usable.map((seen) => toUsable(seen, accessOf(seen.route))),
      ...listed.map((seen) => toListed(seen, accessOf(seen.route))),
    ],
  }
}

function toAccess({ askMaxMs, breakGlassMaxMs, pending, grant }: RouteAccess): PortalAccess | null {
  const access = {
    askMaxSeconds: wholeSeconds(askMaxMs),
    breakGlassMaxSeconds: wholeSeconds(breakGlassMaxMs),
    pending: pending === undefined ? null : toPending(pending),
    grant: grant ?? null,
  }
  return Object.values(access).some((part) => part !== null) ? access : null
}

/** As many as can be asked for: whole ones, and no more than of any route. */
function wholeSeconds(maxMs = 0): number | null {
  return maxMs < 1_000 ? null : Math.min(Math.floor(maxMs / 1_000), maxAskedSeconds)
}

function toPending(request: NonNullable<RouteAccess['pending']>): PortalRequest {
  const { id, reason, forMs, createdAtMs: askedAtMs, expiresAtMs } = request
  return { id, reason, forSeconds: Math.ceil(forMs / 1_000), askedAtMs, expiresAtMs }
}

function toPerson(session: Session, hasRole: boolean): PortalPerson {
  const { name, email, userId, expiresAtMs: sessionEndsAtMs, provider } = session
  const hasPasskeys = provider === localProviderId
  const shown = { name: name ?? email ?? userId, email: email ?? null }
  return { ...shown, sessionEndsAtMs, hasRole, hasPasskeys }
}

type SeenRoutes = ReturnType<PagesParts['seenBy']>
type Seen = SeenRoutes['listed'][number]

function toUsable(
  { route, ways, isOffline }: SeenRoutes['usable'][number],
  access: PortalAccess | null,
): PortalRoute {
  const { id, name, description, isApplication } = route
  const shown = ways.map(({ destination, placeholders, open = null, commands }) => ({
    destination: isApplication ? destination.replace(/:\d+$/, '') : destination,
    placeholders,
    open,
    commands,
  }))
  // Whoever may use it needs nobody to ask.
  const shared = { id, name, description, isUsable: true, isOffline }
  return { ...shared, ways: shown, reasons: [], contact: '', access }
}

function toListed({ route, reasons }: Seen, access: PortalAccess | null): PortalRoute {
  const { id, name, description, contact } = route
  const why = reasons.map(explainReason)
  const shared = { id, name, description, isUsable: false, isOffline: false }
  return { ...shared, ways: [], reasons: why, contact, access }
}
