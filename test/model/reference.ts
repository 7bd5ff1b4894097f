import type { Ended } from '../../src/telemetry/ended.ts'
import { isTrusted, type ClientCertificate } from './certificates.ts'
import { companyGroups, isKeptOut } from './company-directory.ts'
import type { Access, Facts, OpenTunnel, Person, Place, Route, Session } from './facts.ts'
import { letsIn, type Asker } from './rules.ts'

// Who may have a tunnel, worked out from the facts anew each time, by looking at all of them. It is slow, has no
// memory, and shares nothing with what it judges.

/** Whoever asks for a tunnel, or has one. Whose session is over is nobody, who may use what is for everybody. */
export type Holder = Pick<OpenTunnel, 'session' | 'ip' | 'certificate' | 'host'>

export interface Verdict {
  /** The route that answers to the host; undefined for none. */
  readonly route: Route | undefined
  readonly isAllowed: boolean
  /** Where no rule lets them in. */
  readonly access: Access | undefined
}

/** The route with this very host, else the one with a wildcard. */
export function routeOf(facts: Facts, host: string): Route | undefined {
  const there = facts.routes.filter(({ isThere }) => isThere)
  const [, domain] = /^[^.]+(\..+)$/.exec(host) ?? []
  return there.find((it) => it.host === host) ?? there.find((it) => it.host === `*${domain}`)
}

/** Whether somebody may do nothing here, whatever policies say. */
export function isOut(facts: Facts, person: Person | undefined): boolean {
  return person !== undefined && (person.isBlocked || isKeptOut(facts, person))
}

export function judge(facts: Facts, holder: Holder): Verdict {
  const isOver = holder.session !== undefined && endOf(facts, holder.session).length > 0
  return isOut(facts, holder.session?.person)
    ? { route: routeOf(facts, holder.host), isAllowed: false, access: undefined }
    : judgeAs(facts, holder, isOver ? undefined : holder.session)
}

/** What the policy says of somebody with this session, whether or not it is over. */
function judgeAs(facts: Facts, holder: Holder, session: Session | undefined): Verdict {
  const route = routeOf(facts, holder.host)
  if (route === undefined) return { route, isAllowed: false, access: undefined }
  const asker = askerOf(facts, { ...holder, session })
  const rules = route.isUnderPolicy ? [...route.rules, ...facts.policy] : route.rules
  if (letsIn(rules, asker)) return { route, isAllowed: true, access: undefined }
  // Access for a while is for people whom nothing keeps out.
  const mayHaveAccess = session?.person !== undefined && letsIn([anybody, ...rules], asker)
  const access = mayHaveAccess && route.hasBreakGlass ? accessOf(facts, session, route) : undefined
  return { route, isAllowed: access !== undefined, access }
}

const anybody = { side: 'allow', operator: 'or', tests: [{ kind: 'everybody' }] } as const

function accessOf(
  { accesses, nowMs }: Facts,
  { userId }: Session,
  { id }: Route,
): Access | undefined {
  return accesses.find(
    (it) => it.userId === userId && it.routeId === id && !it.isOver && it.untilMs > nowMs,
  )
}

function askerOf(facts: Facts, { session, ip, certificate }: Holder): Asker {
  const { nowMs, directory } = facts
  const fingerprint = fingerprintOf(facts, certificate)
  const common = { ip, fingerprint, nowMs }
  if (session === undefined) return { kind: 'nobody', userId: '', ...nothing, ...common }
  const { userId, person } = session
  if (person === undefined) return { kind: 'account', userId, ...nothing, ...common }
  const said = facts.said(session.signIn)
  const { email } = person
  const { isVerified, team } = said
  const company = companyGroups(facts, { userId, email, isVerified })
  const ofAddress = directory?.get(email) ?? []
  const groups = [...said.groups, ...company.sure, ...(isVerified ? ofAddress : [])]
  const groupsPerhaps = [...company.perhaps, ...ofAddress]
  const known = { email, isVerified, groups, groupsPerhaps, team }
  return { kind: 'person', userId, ...known, ...common }
}

const nothing = { email: '', isVerified: true, groups: [], groupsPerhaps: [], team: '' }

function fingerprintOf(
  { trust, nowMs }: Facts,
  certificate: ClientCertificate | undefined,
): string | undefined {
  if (certificate === undefined || !isTrusted(certificate, trust, nowMs)) return undefined
  return certificate.fingerprint
}

/** Why a session is over; nothing while it is not. */
export function endOf(
  facts: Facts,
  { person, signIn, ended, expiresAtMs }: Session,
): readonly Ended[] {
  const isRefused = person !== undefined && facts.said(signIn).isRefused
  return [
    ...(isOut(facts, person) ? (['person-blocked'] as const) : []),
    ...(ended === undefined ? [] : [ended]),
    ...(isRefused ? (['session-revoked'] as const) : []),
    ...(expiresAtMs <= facts.nowMs ? (['session-expired'] as const) : []),
  ]
}

/** Everything that speaks against an open tunnel now: it stays where there is nothing, and ends by one of them. */
export function causesAgainst(facts: Facts, tunnel: OpenTunnel): readonly Ended[] {
  const { session, cutBy, place, openedAtMs } = tunnel
  const { route, isAllowed } = judge(facts, tunnel)
  const causes = new Set<Ended>(cutBy)
  if (route === undefined) causes.add('route-removed')
  else if (isAllowed && !isSamePlace(route.place, place)) causes.add('route-changed')
  if (route !== undefined && !isAllowed) {
    const ends = session === undefined ? [] : endOf(facts, session)
    for (const end of ends) causes.add(end)
    // Both at one tick: which of the two is found first is open.
    const isRefused = ends.length === 0 || !judgeAs(facts, tunnel, session).isAllowed
    if (isRefused) causes.add(refusalOf(facts, tunnel))
  }
  if (route !== undefined && route.lifeMs > 0 && openedAtMs + route.lifeMs <= facts.nowMs)
    causes.add('timeout')
  if (tunnel.idleMs > 0 && tunnel.silentSinceMs + tunnel.idleMs <= facts.nowMs)
    causes.add('idle-timeout')
  return [...causes]
}

function refusalOf(facts: Facts, { accessId }: OpenTunnel): Ended {
  return isOver(facts, accessId) ? 'access-ended' : 'policy-changed'
}

function isOver({ accesses, nowMs }: Facts, accessId: string | undefined): boolean {
  const access = accesses.find(({ id }) => id === accessId)
  return access !== undefined && (access.isOver || access.untilMs <= nowMs)
}

function isSamePlace(one: Place, other: Place): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
