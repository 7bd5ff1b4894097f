import { sayDuration } from '../clock.ts'
import { AccessError, PeerError } from '../errors.ts'
import { formatMoment } from '../requests/moment.ts'
import { whomToAsk, type Route } from '../routes/route.ts'
import { ConflictError } from './conflict.ts'
import type { AccessRequestSummary } from './request-view.ts'

// What is said to whoever asks for access, or answers, where that cannot be done.

export function requestNotFound(): PeerError {
  return new PeerError('access-request-not-found', 'there is no such request for access', {
    hint: 'see "postern request list", or the console',
  })
}

export function routeGone(): PeerError {
  return new PeerError('route-not-found', 'the route of this request is gone', {
    hint: 'deny the request',
  })
}

export function peopleOnly(): AccessError {
  return new AccessError('people-only', 'access for a while is for people, not for programs', {
    hint: "name the service account in the route's policy",
  })
}

export function notOffered(route: Route, isBreakGlass: boolean): AccessError {
  const what = isBreakGlass ? 'nobody can break the glass of' : 'nobody can ask for access to'
  const message = `${what} route "${route.name}"`
  return new AccessError('access-not-offered', message, { hint: `ask ${whomToAsk(route)}` })
}

export function notNeeded(route: Route): PeerError {
  return new PeerError('access-not-needed', `you may use route "${route.name}" already`, {
    hint: 'connect',
  })
}

export function noHelp(route: Route): AccessError {
  const message = `access for a while would not help: something else keeps you out of "${route.name}"`
  return new AccessError('policy-denied', message, { hint: `ask ${whomToAsk(route)}` })
}

export function mayNotBreak(route: Route): AccessError {
  const message = `you may not let yourself in to route "${route.name}"`
  return new AccessError('policy-denied', message, {
    hint:
      route.approval === undefined
        ? `ask ${whomToAsk(route)}`
        : 'ask for access, without "--break-glass"',
  })
}

export function tooLong(route: Route, maxMs: number): PeerError {
  const message = `access to route "${route.name}" is given for ${sayDuration(maxMs)} at most`
  return new PeerError('access-too-long', message, { hint: 'ask for less' })
}

export function noReason(): PeerError {
  return new PeerError('reason-missing', 'a request for access needs a reason', {
    hint: 'say what it is for: whoever answers reads it, and the audit log keeps it',
  })
}

export function ownRequest(): AccessError {
  return new AccessError('own-request', 'nobody approves their own request', {
    hint: 'ask another approver',
  })
}

export function notApprover(route: Route): AccessError {
  const message = `you are no approver of route "${route.name}"`
  return new AccessError('approver-required', message, {
    hint: 'its "approval" says by "approvers" who that is',
  })
}

export function mayNotEnd(): AccessError {
  return new AccessError('approver-required', 'this is not yours to end', {
    hint: 'the person themselves, an approver or an administrator can',
  })
}

/** Somebody else was there before. */
export function answeredAlready(request: AccessRequestSummary, nowMs: number): ConflictError {
  return new ConflictError(whatBecameOf(request, nowMs), request)
}

function whatBecameOf(request: AccessRequestSummary, nowMs: number): string {
  const { state, decided_by: by = 'somebody', until, ended_by: endedBy } = request
  const end = until === undefined ? '' : ` until ${formatMoment(Date.parse(until), nowMs)}`
  switch (state) {
    case 'expired':
      return 'nobody has answered this request in time'
    case 'cancelled':
      return 'this request was taken back'
    case 'denied':
      return `${by} has denied this request already`
    case 'approved':
      return `${by} has approved this request already${end}`
    case 'ended':
      return endedBy === undefined
        ? `this access has ended already: it was given${end}`
        : `${endedBy} has ended this access already`
    case 'pending':
      break
  }
  return 'this request was changed meanwhile'
}
