import { printable } from '../terminal-text.ts'

// Requests for access for a while, as a person's client makes them: JSON below `gatewayPaths.requests`, with a token.
//
// - `POST` `{route, for_seconds, reason, break_glass?}`: 201 and the request.
// - `GET`: `{items, next_cursor}`, one's own, the newest first. `GET …/ID`: one of them.
// - `POST …/ID/end`: takes one back that waits, or ends the access that it gave.

/** What a person asks for. */
export interface AccessWish {
  /** An id, a name, or the `host:port` that it answers to. */
  readonly route: string
  readonly forSeconds: number
  readonly reason: string
  /** Whether nobody is asked: the gateway tells everybody. */
  readonly isBreakGlass: boolean
}

/** A request as its gateway tells of it. Texts can be shown; moments are RFC 3339, empty where there is none. */
export interface AccessRequestAnswer {
  readonly id: string
  readonly routeName: string
  /** `pending`, `approved`, `denied`, `cancelled`, `expired`, `ended`, or what a newer gateway says. */
  readonly state: string
  readonly reason: string
  readonly forSeconds: number
  readonly askedAt: string
  readonly expiresAt: string
  readonly decidedBy: string
  readonly note: string
  readonly until: string
  readonly endedBy: string
  readonly isBreakGlass: boolean
}

export function encodeAccessWish({ route, forSeconds, reason, isBreakGlass }: AccessWish): string {
  const wish = { route, for_seconds: forSeconds, reason }
  return JSON.stringify(isBreakGlass ? { ...wish, break_glass: true } : wish)
}

/** Reads one of them; undefined for anything else. */
export function decodeAccessRequest(body: string): AccessRequestAnswer | undefined {
  return toAnswer(parse(body))
}

/** Reads a list of them; undefined for anything else. */
export function decodeAccessRequests(body: string): readonly AccessRequestAnswer[] | undefined {
  const list = parse(body)
  if (typeof list !== 'object' || list === null || !('items' in list)) return undefined
  if (!Array.isArray(list.items)) return undefined
  const items = list.items.map(toAnswer)
  return items.every((item) => item !== undefined) ? items : undefined
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function toAnswer(value: unknown): AccessRequestAnswer | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const fields: Readonly<Record<string, unknown>> = { ...value }
  const text = (name: string): string => printable(fields[name])
  const forSeconds = fields['for_seconds']
  if (!isId(text('id')) || text('state') === '' || typeof forSeconds !== 'number') return undefined
  return {
    id: text('id'),
    routeName: text('route_name'),
    state: text('state'),
    reason: text('reason'),
    forSeconds,
    askedAt: moment(text('asked_at')),
    expiresAt: moment(text('expires_at')),
    decidedBy: text('decided_by'),
    note: text('note'),
    until: moment(text('until')),
    endedBy: text('ended_by'),
    isBreakGlass: fields['break_glass'] === true,
  }
}

/** Whether a text can be the id of a request, and a part of a path. */
export function isId(text: string): boolean {
  return /^[\w-]{1,64}$/.test(text)
}

function moment(text: string): string {
  return Number.isNaN(Date.parse(text)) ? '' : text
}
