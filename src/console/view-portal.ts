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
  { origin, seenBy }: PagesParts,
  visitor: Visitor,
  nowMs: number,
): PortalView {
  const { session, client, gateway } = visitor
  const canSignIn = origin !== undefined
  const isHidden = canSignIn && session === undefined
  const routes = isHidden
    ? []
    : seenBy({ client, session, sessionVersion: undefined }, gateway).map(toRoute)
  return {
    canSignIn,
    person: session === undefined ? null : toPerson(session),
    nowMs,
    routes: [
      ...routes.filter(({ isUsable }) => isUsable),
      ...routes.filter(({ isUsable }) => !isUsable),
    ],
  }
}

function toPerson({ name, email, userId, expiresAtMs }: Session): PortalPerson {
  return { name: name ?? email ?? userId, email: email ?? null, sessionEndsAtMs: expiresAtMs }
}

type SeenRoute = ReturnType<PagesParts['seenBy']>[number]

function toRoute({ route, isUsable, reasons, ways }: SeenRoute): PortalRoute {
  return {
    id: route.id,
    name: route.name,
    description: route.description,
    isUsable,
    ways: ways.map(({ destination, placeholders, commands }) => ({
      destination,
      placeholders,
      commands,
    })),
    reasons: reasons.map(explainReason),
    // Whoever may use it needs nobody to ask.
    contact: isUsable ? '' : route.contact,
  }
}
