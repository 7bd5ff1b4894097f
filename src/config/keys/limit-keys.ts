import * as values from '../../setting-values.ts'
import { countKey, durationKey, type Key } from '../../setting-key.ts'

/** The keys about how long and how many, of everybody together; a route has its own. */
export const limitKeys = {
  timeout_idle: durationKey(
    values.duration,
    '5m',
    'A connection without any request under way is closed after this; `0` for never. Tunnels are requests under way.',
    'the connection is closed',
  ),
  timeout_read: durationKey(
    values.duration,
    '30s',
    'Time in which a whole request head must have arrived; `0` for no limit.',
    '408 `request_timeout`, and the connection is closed',
  ),
  timeout_write: durationKey(
    values.duration,
    '0',
    'Longest life of any answer, tunnels included; `0` for no limit.',
    'the tunnel is cut, `timeout` in the access log',
  ),
  max_sessions_per_user: countKey(
    '100',
    'Most sessions that one person has at once, in browsers, clients and machines; `0` for any number. Service accounts have none.',
    'a further sign-in ends the session that was unused for the longest time, those without an open tunnel first; whoever used it signs in again',
  ),
  max_tunnels_per_user: countKey(
    '0',
    'Most tunnels that one person, or one service account, has open at once, those of all their sessions together; `0` for any number. A lower one closes none that is open.',
    '503 `too_many_tunnels`',
  ),
  max_connections_per_address: countKey(
    '1000',
    'Most connections without a tunnel from one address, as the PROXY header tells it, or one IPv6 network of 64 bits; `0` for any number. A CONNECT under way counts as a tunnel. Behind a load balancer that sends no PROXY header everybody has one address: set `0` there.',
    'the one of this address that has made no progress for the longest time is closed, and logged',
  ),
  max_connections: countKey(
    '4000',
    'Most connections without a tunnel in all; `0` for any number. TLS handshakes under way are among them. Below 1,064 MiB of memory the default is lower: one for each 256 KiB beyond 64 MiB.',
    'the one that has made no progress for the longest time is closed, and logged',
  ),
} as const satisfies Record<string, Key<unknown>>
