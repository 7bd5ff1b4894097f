import { z } from 'zod'
import { lacksAllow } from '../access/access-grant.ts'
import type { Decide } from '../access/decide.ts'
import { parseAuthority } from '../address.ts'
import type { LogFields } from '../log.ts'
import type { AccessRequest } from '../requests/access-request.ts'
import type { AccessRequests } from '../requests/access-requests.ts'
import type { Route } from '../routes/route.ts'
import type { Stored } from '../store/stored.ts'
import { printable } from '../terminal-text.ts'
import {
  actorName,
  recordChange,
  type Actor,
  type CallerActor,
  type ChangeParts,
} from './change.ts'
import { parseInput } from './protocol.ts'
import { routeNamed } from './route-named.ts'
import * as faults from './request-faults.ts'
import { requireApprover, rightsOf, routeAsked, type RightsParts } from './request-rights.ts'
import { stateAt, summarizeRequest, type AccessRequestSummary } from './request-view.ts'

/** What has happened to a request; the audit log has it, and sends it to approvers where it is told to. */
export type RequestEvent =
  | 'requested'
  | 'approved'
  | 'denied'
  | 'cancelled'
  | 'ended'
  | 'glass-broken'

/** What the operations on requests for access reach inside the running gateway. */
export interface RequestParts extends ChangeParts, RightsParts {
  readonly accessRequests: AccessRequests
  readonly decide: Pick<Decide, 'foreseen' | 'fits'>
}

/** What somebody asks for. */
export interface AccessWish {
  /** An id, a name, or the `host:port` that it answers to. */
  readonly route: string
  readonly for_seconds: number
  readonly reason: string
}

export interface RequestsAsked {
  /** Only those that wait, or that give access now. */
  readonly state?: 'pending' | 'approved' | undefined
  readonly mine?: boolean | undefined
  /** An id. */
  readonly route?: string | undefined
  /** Where the page before has ended. */
  readonly cursor?: string | undefined
  readonly limit?: number | undefined
}

export interface RequestPage {
  readonly items: readonly AccessRequestSummary[]
  readonly next_cursor: string | null
}

/** Operations on requests for access; each looks by itself at what its caller may. */
export interface RequestOperations {
  /** Newest first: one's own, those that one may decide, and those of routes that one administers. */
  listAccessRequests(by: Actor, asked?: RequestsAsked): Promise<RequestPage>
  /** Throws `PeerError` `access-request-not-found`, also for one that is nothing to do with them. */
  findAccessRequest(by: Actor, id: string): Promise<AccessRequestSummary>
  /**
   * Throws `AccessError` `people-only`, `access-not-offered`, `policy-denied`; `PeerError` `malformed-request`,
   * `route-not-found`, `access-not-needed`, `access-too-long`, `reason-missing`, `access-request-exists`,
   * `too-many-access-requests`.
   */
  requestAccess(by: Actor, wish: AccessWish): Promise<AccessRequestSummary>
  /** Gives access at once, and tells everybody. Throws as `requestAccess`. */
  breakGlass(by: Actor, wish: AccessWish): Promise<AccessRequestSummary>
  /**
   * Throws `PeerError` `access-request-not-found`, `access-too-long`, `malformed-request`; `AccessError`
   * `own-request`, `approver-required`, `access-not-offered`; `ConflictError` when it was answered already.
   */
  approveAccess(by: Actor, id: string, answer?: ApprovalInput): Promise<AccessRequestSummary>
  denyAccess(by: Actor, id: string, answer?: NoteInput): Promise<AccessRequestSummary>
  /** Takes back what waits, or ends what gives access, with its tunnels. */
  endAccess(by: Actor, id: string, answer?: NoteInput): Promise<AccessRequestSummary>
}

/** @limit time that is asked for in a request for access, whatever its route allows: `malformed_request` */
export const maxAskedSeconds = 31 * 86_400
const text = z.string().max(500)
const seconds = z.int().min(1).max(maxAskedSeconds)
const wishInput = z.strictObject({
  route: z.string().min(1).max(300),
  for_seconds: seconds,
  reason: text,
})
const noteInput = z.strictObject({ note: text.optional() })
const approvalInput = z.strictObject({ note: text.optional(), for_seconds: seconds.optional() })
type NoteInput = z.input<typeof noteInput>
export type ApprovalInput = z.input<typeof approvalInput>

const askedInput = z.strictObject({
  state: z.enum(['pending', 'approved']).optional(),
  mine: z.boolean().optional(),
  route: z.string().max(300).optional(),
  cursor: z.string().max(200).optional(),
  limit: z.int().min(1).max(500).optional(),
})
const defaultItems = 100
/** Of those that somebody may not see others may follow that they may: one page looks at no more than these. */
const rowsPerLook = 500
const looksPerPage = 10

type Row = Stored<AccessRequest>

export function requestOperations(parts: RequestParts): RequestOperations {
  const { clock, accessRequests } = parts

  async function list(by: Actor, input: RequestsAsked = {}): Promise<RequestPage> {
    const { state, mine, route, cursor, limit = defaultItems } = parseInput(askedInput, input)
    const filter = {
      ...(state !== undefined && { state }),
      ...(route !== undefined && { routeId: route }),
      ...(mine === true && by.kind === 'caller' && { userId: by.session.userId }),
    }
    const items: AccessRequestSummary[] = []
    let after = cursor === undefined ? undefined : readCursor(cursor)
    for (let looks = 0; looks < looksPerPage; looks += 1) {
      const rows = await accessRequests.page(filter, rowsPerLook, after)
      for (const row of rows) {
        after = row
        if (!maySee(by, row, parts)) continue
        const summary = summarize(by, row, parts)
        // What is over is still kept as it was written last.
        if (state !== undefined && summary.state !== state) continue
        items.push(summary)
        if (items.length === limit) return { items, next_cursor: writeCursor(row) }
      }
      if (rows.length < rowsPerLook) return { items, next_cursor: null }
    }
    return { items, next_cursor: after === undefined ? null : writeCursor(after) }
  }

  /** Somebody who may not see it is told nothing of it. */
  async function find(by: Actor, id: string): Promise<Row> {
    const row = await accessRequests.find(parseInput(z.string().max(256), id))
    if (row === undefined || !maySee(by, row, parts)) throw faults.requestNotFound()
    return row
  }

  /** From here to the write nothing waits: what was judged is what holds. */
  async function change(
    by: Actor,
    row: Row,
    event: Exclude<RequestEvent, 'requested' | 'glass-broken'>,
    changes: Partial<AccessRequest>,
  ): Promise<AccessRequestSummary> {
    const changed = await accessRequests.change(row, changes)
    if (changed === undefined) throw answered(by, (await accessRequests.find(row.id)) ?? row)
    return report(by, changed, event)
  }

  const answered = (by: Actor, row: AccessRequest): Error =>
    faults.answeredAlready(summarize(by, row, parts), clock.now())

  function report(by: Actor, request: AccessRequest, event: RequestEvent): AccessRequestSummary {
    const summary = summarize(by, request, parts)
    recordChange(parts, by, events[event], detailsOf(summary), {
      kind: 'grant',
      isLoud: event === 'glass-broken',
    })
    return summary
  }

  async function ask(by: Actor, input: AccessWish, isBreakGlass: boolean) {
    const wish = parseInput(wishInput, input)
    const reason = printable(wish.reason)
    if (reason === '') throw faults.noReason()
    const person = personOf(by)
    const route = routeNamed(parts, wish.route, (it) => isThereFor(person, it, wish.route, parts))
    const offer = isBreakGlass ? route.breakGlass : route.approval
    if (offer === undefined) throw faults.notOffered(route, isBreakGlass)
    const forMs = wish.for_seconds * 1000
    if (forMs > offer.maxMs) throw faults.tooLong(route, offer.maxMs)
    checkNeed(person, route, parts)
    if (route.breakGlass !== undefined && isBreakGlass) {
      if (!parts.decide.fits(person, route.breakGlass.policy)) throw faults.mayNotBreak(route)
    }
    const { userId, email, emailVerified } = person.session
    const added = await accessRequests.add({
      routeId: route.id,
      routeFrom: route.from,
      userId,
      // Whoever answers goes by it: one that is only claimed may be somebody else's.
      email: emailVerified ? email : undefined,
      reason,
      forMs,
      isBreakGlass,
    })
    return report(by, added, isBreakGlass ? 'glass-broken' : 'requested')
  }

  return {
    listAccessRequests: list,
    findAccessRequest: async (by, id) => summarize(by, await find(by, id), parts),
    requestAccess: (by, wish) => ask(by, wish, false),
    breakGlass: (by, wish) => ask(by, wish, true),
    async approveAccess(by, id, input = {}) {
      const { note, for_seconds: forSeconds } = parseInput(approvalInput, input)
      const row = await find(by, id)
      const route = requireApprover(by, row, parts)
      const nowMs = clock.now()
      if (stateAt(row, nowMs) !== 'pending') throw answered(by, row)
      const forMs = forSeconds === undefined ? row.forMs : forSeconds * 1000
      if (forMs > row.forMs) throw faults.tooLong(route, row.forMs)
      const untilMs = nowMs + Math.min(forMs, route.approval?.maxMs ?? 0)
      const decided = { ...decidedBy(by, nowMs, note), untilMs }
      return change(by, row, 'approved', { state: 'approved', ...decided })
    },
    async denyAccess(by, id, input = {}) {
      const { note } = parseInput(noteInput, input)
      const row = await find(by, id)
      if (!rightsOf(by, row, parts).mayClose) throw faults.mayNotEnd()
      const nowMs = clock.now()
      if (stateAt(row, nowMs) !== 'pending') throw answered(by, row)
      return change(by, row, 'denied', { state: 'denied', ...decidedBy(by, nowMs, note) })
    },
    async endAccess(by, id, input = {}) {
      const { note } = parseInput(noteInput, input)
      const row = await find(by, id)
      const { mine, mayClose } = rightsOf(by, row, parts)
      if (!mine && !mayClose) throw faults.mayNotEnd()
      const nowMs = clock.now()
      const state = stateAt(row, nowMs)
      if (state === 'pending')
        return change(by, row, 'cancelled', { state: 'cancelled', ...decidedBy(by, nowMs, note) })
      if (state !== 'approved') throw answered(by, row)
      const ended = { endedBy: actorName(by), endedAtMs: nowMs }
      return change(by, row, 'ended', { state: 'ended', ...ended })
    },
  }
}

const events: Readonly<Record<RequestEvent, string>> = {
  requested: 'access requested',
  approved: 'access approved',
  denied: 'access denied',
  cancelled: 'access request cancelled',
  ended: 'access ended',
  'glass-broken': 'glass broken',
}

type PersonActor = CallerActor & { readonly session: { readonly kind: 'person' } }

function personOf(by: Actor): PersonActor {
  if (by.kind === 'local' || by.session.kind !== 'person') throw faults.peopleOnly()
  return by as PersonActor
}

/** Every other route is to them as if it were not there; whoever asks for its address is refused by it. */
function isThereFor(person: PersonActor, route: Route, wanted: string, parts: RequestParts) {
  if (route.isListed || route.approval !== undefined || route.breakGlass !== undefined) return true
  const address = parseAuthority(wanted)
  if (address !== undefined && parts.routeTable().match(address) === route) return true
  return parts.decide.foreseen(person, route).outcome === 'allow'
}

/** A grant takes the place of a missing `allow`, and of nothing else. */
function checkNeed(person: PersonActor, route: Route, { decide }: RequestParts): void {
  const decision = decide.foreseen(person, route)
  if (decision.outcome === 'allow') throw faults.notNeeded(route)
  if (!lacksAllow(decision)) throw faults.noHelp(route)
}

function maySee(by: Actor, request: AccessRequest, parts: RequestParts): boolean {
  return rightsOf(by, request, parts).maySee
}

function summarize(by: Actor, request: AccessRequest, parts: RequestParts): AccessRequestSummary {
  return summarizeRequest(
    request,
    routeAsked(request, parts),
    rightsOf(by, request, parts),
    parts.clock.now(),
  )
}

function decidedBy(by: Actor, nowMs: number, note: string | undefined): Partial<AccessRequest> {
  const said = printable(note)
  return { decidedBy: actorName(by), decidedAtMs: nowMs, note: said === '' ? undefined : said }
}

function detailsOf(request: AccessRequestSummary): LogFields {
  return {
    'access-request-id': request.id,
    'route-id': request.route_id,
    'route-name': request.route_name,
    user: request.user_id,
    email: request.email,
    reason: request.reason,
    note: request.note,
    'for-seconds': request.for_seconds,
    until: request.until,
  }
}

/** Opaque to whoever is given one. */
function writeCursor({ createdAtMs, id }: Pick<AccessRequest, 'createdAtMs' | 'id'>): string {
  return Buffer.from(JSON.stringify([createdAtMs, id])).toString('base64url')
}

function readCursor(text: string): Pick<AccessRequest, 'createdAtMs' | 'id'> {
  const read = (): unknown => {
    try {
      return JSON.parse(Buffer.from(text, 'base64url').toString())
    } catch {
      return undefined
    }
  }
  const [createdAtMs, id] = parseInput(z.tuple([z.int(), z.string().max(256)]), read())
  return { createdAtMs, id }
}
