import type { Session } from '../identity/session.ts'
import type { PagesParts } from '../gateway/parts.ts'
import { explainReason } from '../policy/explain.ts'
import type { PortalPerson, PortalRoute, PortalView } from './portal-view.ts'

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
  { origin, seenBy, roleOf }: Pick<PagesParts, 'origin' | 'seenBy' | 'roleOf'>,
  visitor: Visitor,
  nowMs: number,
): PortalView {
  const { session, client, gateway } = visitor
  const caller = { client, session, sessionVersion: undefined }
  const canSignIn = origin !== undefined
  const isHidden = canSignIn && session === undefined
  const { usable, listed } = isHidden ? { usable: [], listed: [] } : seenBy(caller, gateway)
  return {
    canSignIn,
    person: session === undefined ? null : toPerson(session, roleOf(caller) !== undefined),
    nowMs,
    routes: [...usable.map(toUsable), ...listed.map(toListed)],
  }
}

function toPerson(session: Session, hasRole: boolean): PortalPerson {
  const { name, email, userId, expiresAtMs: sessionEndsAtMs } = session
  return { name: name ?? email ?? userId, email: email ?? null, sessionEndsAtMs, hasRole }
}

type SeenRoutes = ReturnType<PagesParts['seenBy']>

function toUsable({ route, ways, isOffline }: SeenRoutes['usable'][number]): PortalRoute {
  const { id, name, description, isApplication } = route
  const shown = ways.map(({ destination, placeholders, commands }) => ({
    destination: isApplication ? destination.replace(/:\d+$/, '') : destination,
    placeholders,
    commands,
  }))
  // Whoever may use it needs nobody to ask.
  const shared = { id, name, description, isUsable: true, isOffline }
  return { ...shared, ways: shown, reasons: [], contact: '' }
}

function toListed({ route, reasons }: SeenRoutes['listed'][number]): PortalRoute {
  const { id, name, description, contact } = route
  const why = reasons.map(explainReason)
  const shared = { id, name, description, isUsable: false, isOffline: false }
  return { ...shared, ways: [], reasons: why, contact }
}
