import { z } from 'zod'
import { id, listQuery, moment, pageOf } from './common.ts'

const bytes = z.int().min(0)

/** A tunnel that is open now. */
export const tunnel = z
  .strictObject({
    /** The id of the request that opened it, as in the logs. */
    id: z.string(),
    route: z.string(),
    route_id: z.string(),
    /** Of the route; null for none. */
    namespace: z.string().nullable(),
    /** What was asked for: `host:port`. */
    target: z.string(),
    /** Whose it is: a person's; null for a service account, and where nobody had to sign in. */
    user: z.string().nullable(),
    email: z.string().nullable(),
    session_id: z.string().nullable(),
    service_account_id: z.string().nullable(),
    /** The client's address. */
    ip: z.string(),
    /** The connector that it goes through; null where it goes through none. */
    connector: z.strictObject({ id: z.string(), tunnel: z.string() }).nullable(),
    /** What the gateway dialled of the route's `to`: `host:port`; null where a connector dials. */
    upstream: z.string().nullable(),
    opened_at: moment,
    /** Bytes so far, from the client to the upstream and back. */
    bytes_up: bytes,
    bytes_down: bytes,
  })
  .meta({ id: 'Tunnel' })
export type TunnelView = z.output<typeof tunnel>

/** `GET /api/v1/tunnels`, oldest first. */
export const tunnelsQuery = z.strictObject({
  q: z
    .string()
    .max(200)
    .optional()
    .describe('part of a person, route, target, address or connector'),
  route_id: id.optional(),
  session_id: id.optional(),
  user: id.optional().describe('an email address, a user id, or the id of a service account'),
  ...listQuery,
})

export const tunnelsAnswer = pageOf(tunnel)
export type TunnelsAnswer = z.output<typeof tunnelsAnswer>

/** `POST /api/v1/tunnels/cut`: those of a session, of a route or of somebody. */
export const cutTunnels = z.union([
  z.strictObject({ session_id: id }),
  z.strictObject({ route_id: id }),
  z.strictObject({ user: id }),
])
export type CutTunnels = z.output<typeof cutTunnels>

/** The ids of those that were cut. */
export const cutAnswer = z.strictObject({ cut: z.array(z.string()) })
export type CutAnswer = z.output<typeof cutAnswer>
