import { z } from 'zod'
import { moment } from './common.ts'
import { tunnel } from './tunnels.ts'

// `GET /api/v1/events`: server-sent events (HTML Standard §9.2), of these names, each with JSON as its data. Whoever
// shows a list opens the stream first and asks for the list after the first event, so that nothing falls between.
// The stream ends when the session ends or loses its role.

/** `tunnels`, at most once a second, and only what has changed since the one before. */
export const tunnelsEvent = z.strictObject({
  at: moment,
  opened: z.array(tunnel),
  /** Their ids. */
  closed: z.array(z.string()),
  /** What tunnels have moved in all by now: id, up, down. */
  bytes: z.array(z.tuple([z.string(), z.int().min(0), z.int().min(0)])),
})
export type TunnelsEvent = z.output<typeof tunnelsEvent>

/** What lists there are. */
export const changedKind = z.enum([
  'sessions',
  'service-accounts',
  'connectors',
  'named-tunnels',
  'publishers',
  'keys',
  'routes',
  'policies',
  'requests',
  'blocks',
  'certificates',
  'accounts',
])
export type ChangedKind = z.output<typeof changedKind>

/** `changed`, at most once a second for each kind: something of it is another one now. */
export const changedEvent = z.strictObject({ kinds: z.array(changedKind) })
export type ChangedEvent = z.output<typeof changedEvent>

/** `hello`, first: from now on nothing is missed. */
export const helloEvent = z.strictObject({ at: moment })

/** `quiet`, when there was nothing for 15 seconds: a reader who hears nothing for longer hears nothing at all. */
export const quietEvent = z.strictObject({})

/** `missed`: this reader was too slow for some of the events before, and asks for its lists again. */
export const missedEvent = z.strictObject({ at: moment })
