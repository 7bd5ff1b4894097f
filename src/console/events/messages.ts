import { seesAll, seesIn, type Role } from '../../access/administrators.ts'
import type { ChangedKind, ChangedEvent, TunnelsEvent } from '../wire/events.ts'
import type { InNamespace, TunnelChanges } from './tunnel-changes.ts'

/** All that has happened since the second before. */
export interface News {
  readonly at: string
  readonly tunnels: TunnelChanges
  readonly kinds: ReadonlySet<ChangedKind>
}

/** What who administers a namespace has lists of. */
const kindsByNamespace: readonly ChangedKind[] = ['routes', 'policies', 'requests']

/** What two people of one scope are told is the same. */
export function scopeOf(role: Role): string {
  return seesAll(role) ? '' : JSON.stringify(role.namespaces)
}

/**
 * Writes news for somebody of a role, as server-sent events; undefined where there are none for them.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function writeNews({ at, tunnels, kinds }: News, role: Role): Uint8Array | undefined {
  const mine = <T>(all: readonly InNamespace<T>[]): T[] =>
    all.filter(({ namespace }) => seesIn(role, namespace)).map(({ value }) => value)
  const changed = [...kinds].filter((kind) => seesAll(role) || kindsByNamespace.includes(kind))
  const [opened, closed, bytes] = [mine(tunnels.opened), mine(tunnels.closed), mine(tunnels.bytes)]
  let text = ''
  if (changed.length > 0) text += event('changed', { kinds: changed } satisfies ChangedEvent)
  if (opened.length + closed.length + bytes.length > 0) {
    text += event('tunnels', { at, opened, closed, bytes } satisfies Shown)
  }
  return text === '' ? undefined : encode(text)
}

/** As it is written: of what nobody changes any more. */
type Shown = {
  readonly [Key in keyof TunnelsEvent]: Key extends 'at' ? string : readonly unknown[]
}

export function writeHello(at: string): Uint8Array {
  return encode(event('hello', { at }))
}

export function writeMissed(at: string): Uint8Array {
  return encode(event('missed', { at }))
}

/** Nothing that anybody is told, and proof that somebody is there: an event, since a page never hears of a comment. */
export const silence = encode(event('quiet', {}))

function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
