import { z } from 'zod'
import { seesAll } from '../access/administrators.ts'
import type { Decide } from '../access/decide.ts'
import { anyValidCertificate } from '../access/decide.ts'
import type { Directory } from '../access/directory.ts'
import { findPerson, keyOf, knownCallers, type KnownFrom } from '../access/trial/known-callers.ts'
import { accountOf, noNetwork, suppose } from '../access/trial/supposed-caller.ts'
import type { Clock } from '../clock.ts'
import { PeerError } from '../errors.ts'
import type { BlockedPeople } from '../identity/blocked-people.ts'
import type { ServiceAccounts } from '../identity/service-accounts.ts'
import type { Session } from '../identity/session.ts'
import type { Decision } from '../policy/decision.ts'
import type { Subject } from '../policy/facts.ts'
import type { Route } from '../routes/route.ts'
import { compareText, type RouteTable } from '../routes/table.ts'
import type { Authority } from './authority.ts'
import type { Actor } from './change.ts'
import { proposedChanges } from './foresee.ts'
import { parseInput } from './protocol.ts'
import type { ProposedChange } from './reach-protocol.ts'
import { routeNamed } from './route-named.ts'
import type {
  JudgedView,
  TrialListQuery,
  TryAnswer,
  TryRequest,
  WhatCanAnswer,
  WhoCanAnswer,
} from './trial-protocol.ts'
import { pageOf } from './trial-page.ts'
import { callerView, decisiveReasons, routeNameView, subjectView, traceView } from './trial-view.ts'

/** What trying access reaches inside the running gateway, or what an offline command has of it. */
export interface TrialParts {
  readonly clock: Clock
  readonly authority: Pick<Authority, 'require' | 'roleOf' | 'sees'>
  readonly decide: Pick<Decide, 'supposed' | 'traced' | 'subjectOf'>
  routeTable(): RouteTable
  directory(): Directory | undefined
  readonly blockedPeople: Pick<BlockedPeople, 'isBlocked'>
  readonly identity: {
    /** Newest first. */
    listSessions(): AsyncIterable<Session>
    readonly serviceAccounts: Pick<ServiceAccounts, 'list'>
  }
}

/** What would be decided, before somebody asks. Nothing is changed, nobody is asked, nothing logged as a decision. */
export interface TrialOperations {
  /**
   * What would be decided for somebody, with the trace; for administrators of a namespace by what they say of them
   * alone, and not by what is known, and without the rules of policies that they do not see. Throws `PeerError`
   * `route-not-found`, `route-ambiguous`.
   */
  tryAccess(by: Actor, request: TryRequest): Promise<TryAnswer>
  /** Who of all that are known may use a route, each with a valid client certificate. Throws as `tryAccess`. */
  whoCan(by: Actor, route: string, query?: TrialListQuery): Promise<WhoCanAnswer>
  /** Which routes somebody may use, with a valid client certificate: a person, or a service account by its id. */
  whatCan(by: Actor, who: string, query?: TrialListQuery): Promise<WhatCanAnswer>
}

const moment = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
const name = z.string().min(1).max(320)
const routeInput = z.string().min(1).max(300)
const address = z.union([z.ipv4(), z.ipv6()])
const names = z.array(z.string().max(2_000)).max(100)

const certificateInput = z
  .strictObject({
    valid: z.boolean().optional(),
    fingerprint: z.string().max(100).optional(),
    spki_hash: z.string().max(100).optional(),
    dns_names: names.optional(),
    email_addresses: names.optional(),
    uris: names.optional(),
  })
  .transform(({ spki_hash, dns_names, email_addresses, ...rest }) => ({
    ...rest,
    spkiHash: spki_hash,
    dnsNames: dns_names,
    emailAddresses: email_addresses,
  }))

const tryInput = z
  .strictObject({
    person: name.optional(),
    user_id: name.optional(),
    service_account: name.optional(),
    provider: z.string().max(32).optional(),
    groups: z.array(z.string().max(320)).max(1_000).optional(),
    claims: z.record(z.string().max(200), z.json()).optional(),
    email_verified: z.boolean().optional(),
    route: routeInput,
    at: moment.optional(),
    ip: address.optional(),
    certificate: certificateInput.optional(),
    changes: proposedChanges.max(10).optional(),
  })
  .transform(({ user_id, service_account, email_verified, at, ...rest }) => ({
    ...rest,
    userId: user_id,
    serviceAccount: service_account,
    emailVerified: email_verified,
    atMs: at,
  }))

const listInput = z.strictObject({
  outcome: z.enum(['allow', 'all']).default('allow'),
  at: moment.optional(),
  ip: address.optional(),
  limit: z.int().min(1).max(500).default(100),
  cursor: z.string().max(800).optional(),
})

/** The routes as they would be if changes were made; throws where whoever asks may not make them. */
export type ForeseeRoutes = (by: Actor, changes: readonly ProposedChange[]) => RouteTable

/** Without a running gateway nobody knows what is stored. */
const foreseeNothing: ForeseeRoutes = () => {
  throw new PeerError('no-stored-routes', 'changes can be tried at a running gateway only')
}

export function trialOperations(
  parts: TrialParts,
  foreseeRoutes = foreseeNothing,
): TrialOperations {
  const { authority, clock, decide } = parts
  const from = knownFrom(parts)

  /** Of those that somebody sees now. */
  function routeSeen(by: Actor, wanted: string, table = parts.routeTable()): Route {
    const sees = authority.sees(by)
    return routeNamed({ routeTable: () => table }, wanted, ({ namespace }) => sees(namespace))
  }

  return {
    async tryAccess(by, input) {
      const { route: wanted, changes, ...trial } = parseInput(tryInput, input)
      const { person, serviceAccount: account } = trial
      const found =
        person !== undefined && seesPeople(by, parts) ? await findPerson(from, person) : undefined
      const accounts = account === undefined ? [] : await accountsInUse(parts)
      const foreseen = changes && foreseeRoutes(by, changes)
      const route = routeSeen(by, wanted, foreseen)
      const isAsSaid = !seesPeople(by, parts)
      const known = isAsSaid ? undefined : found
      const { caller, assumed } = suppose({ ...trial, isAsSaid }, known?.subject, clock.now())
      const decision = decide.supposed(caller, route)
      const isMissing = account !== undefined && !isAsSaid && !accounts.includes(account)
      const isShut = !isAsSaid && isBlocked(caller.subject, parts)
      return {
        ...judged(decision, isShut),
        blocked: isShut,
        route: routeNameView(route),
        who: subjectView(isAsSaid ? caller.subject : decide.subjectOf(caller.subject)),
        at: new Date(caller.nowMs).toISOString(),
        ip: caller.ip,
        valid_until: timeOf(decision.validUntilMs),
        assumed: isMissing ? [...assumed, missingAccount] : assumed,
        trace: traceView(decide.traced(caller, route), authority.sees(by)),
      }
    },
    async whoCan(by, named, input = {}) {
      const wanted = parseInput(routeInput, named)
      const query = parseInput(listInput, input)
      routeSeen(by, wanted)
      const { callers, isCut } = await knownCallers(from)
      authority.require(by, 'whoCan')
      const route = routeSeen(by, wanted)
      const judge = judgeBy(query, parts)
      const page = await pageOf(callers, {
        ...query,
        keyOf,
        judge: ({ subject }) => judge(subject, route),
      })
      authority.require(by, 'whoCan')
      return {
        route: routeNameView(route),
        items: page.items.map(({ item, ...judged }) => ({ ...callerView(item), ...judged })),
        next_cursor: page.nextCursor,
        total: callers.length,
        everybody: judge(undefined, route).outcome === 'allow',
        assumed: [
          ...assumptionsOf(query),
          ...(isCut ? ['is among those that were looked at: there are more'] : []),
        ],
      }
    },
    async whatCan(by, named, input = {}) {
      const who = parseInput(name, named)
      const query = parseInput(listInput, input)
      const person = await findPerson(from, who)
      const isAccount = person === undefined && (await accountsInUse(parts)).includes(who)
      const supposed = isAccount
        ? { subject: accountOf(who), assumed: [] }
        : supposedPerson(who, person?.subject, clock.now())
      const judge = judgeBy(query, parts)
      const routes = byName(parts.routeTable().routes)
      const page = await pageOf(routes, {
        ...query,
        keyOf: routeKey,
        judge: (route) => judge(supposed.subject, route),
      })
      authority.require(by, 'whatCan')
      return {
        who: subjectView(decide.subjectOf(supposed.subject)),
        items: page.items.map(({ item, ...judged }) => ({ route: routeNameView(item), ...judged })),
        next_cursor: page.nextCursor,
        total: routes.length,
        assumed: [...supposed.assumed, ...assumptionsOf(query)],
      }
    },
  }
}

/**
 * What a provider says of people is for who administers everything: administrators of a namespace could ask a policy of
 * their own about each claim of everybody.
 */
function seesPeople(by: Actor, { authority }: TrialParts): boolean {
  return seesAll(authority.roleOf(by))
}

const missingAccount = 'is a service account, though none of this id is in use'

/** Where this gateway knows people and programs from. */
export function knownFrom(parts: Pick<TrialParts, 'identity' | 'directory'>): KnownFrom {
  return {
    sessions: () => parts.identity.listSessions(),
    serviceAccounts: () => accountsInUse(parts),
    directory: () => parts.directory(),
  }
}

type Query = z.output<typeof listInput>

/** What would be decided for somebody, by the time and address that a query names. */
function judgeBy(
  { at, ip }: Query,
  parts: TrialParts,
): (subject: Subject | undefined, route: Route) => JudgedView {
  const { decide, clock } = parts
  const nowMs = at ?? clock.now()
  const clientCertificate = anyValidCertificate
  return (subject, route) => {
    const caller = { subject, ip: ip ?? noNetwork, clientCertificate, nowMs }
    return judged(decide.supposed(caller, route), isBlocked(subject, parts))
  }
}

/** Whether somebody may do nothing here, whatever policies say. */
export function isBlocked(
  subject: Subject | undefined,
  { blockedPeople }: Pick<TrialParts, 'blockedPeople'>,
): boolean {
  return subject?.kind === 'person' && blockedPeople.isBlocked(subject)
}

/** What comes of a decision: a block wins over every policy. */
function judged(decision: Decision, isShut: boolean): JudgedView {
  if (isShut) return { outcome: 'deny', reasons: ['person-blocked'] }
  return { outcome: decision.outcome, reasons: decisiveReasons(decision) }
}

function assumptionsOf({ ip }: Query): readonly string[] {
  return [
    'shows a client certificate that the gateway trusts',
    ...(ip === undefined ? [`comes from ${noNetwork}, which is in nobody's network`] : []),
  ]
}

function supposedPerson(person: string, known: Subject | undefined, nowMs: number) {
  const certificate = {}
  const { caller, assumed } = suppose({ person, ip: noNetwork, certificate }, known, nowMs)
  return { subject: caller.subject, assumed }
}

async function accountsInUse({
  identity,
}: Pick<TrialParts, 'identity'>): Promise<readonly string[]> {
  const accounts = await identity.serviceAccounts.list()
  return accounts.filter(({ state }) => state === 'active').map(({ id }) => id)
}

function routeKey({ name, id }: Route): string {
  return `${name}\n${id}`
}

function byName(routes: readonly Route[]): readonly Route[] {
  return routes.toSorted((one, other) => compareText(routeKey(one), routeKey(other)))
}

function timeOf(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString()
}
