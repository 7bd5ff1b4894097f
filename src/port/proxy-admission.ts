import type { Socket } from 'node:net'
import { unmapIPv4 } from '../address.ts'
import type { Clock } from '../clock.ts'
import { createIpMatcher, type IpRange } from '../ip-ranges.ts'
import { createLineLimit } from '../line-limit.ts'
import type { Logger } from '../log.ts'
import { readProxyHeader } from '../net/proxy-header.ts'
import type { ProxyHeader } from '../net/proxy-protocol.ts'

/** Who begins a connection with a PROXY header. */
export interface ProxyProtocolSettings {
  /** Whether there must be one; `optional`: only those in `from` may send one, and need not. */
  readonly use: boolean | 'optional'
  /** Who may send one; undefined: whoever reaches the port. */
  readonly from: readonly IpRange[] | undefined
}

/** Decides which connections may go on to TLS, by what stands before it. */
export interface ProxyAdmission {
  /** Resolves to what the header says, undefined where none is needed, `refused` when it must be closed. */
  admit(socket: Socket): Promise<ProxyHeader | undefined | 'refused'>
  /** Holds for the connections that come from now on. */
  replace(settings: ProxyProtocolSettings): void
}

/** Where connections are reported that were closed without an answer. */
export interface RefusedConnections {
  report(why: string, ip: string): void
}

export interface ProxyAdmissionOptions {
  /** Longest wait for a whole header, in milliseconds; default 15 s. */
  readonly headerTimeoutMs?: number
}

/**
 * @limit time for a whole PROXY header: the connection is closed without an answer, and logged
 */
const defaultHeaderTimeoutMs = 15_000

/**
 * @limit log lines a minute about connections refused for their PROXY header: one line counts
 * the rest
 */
const maxLinesPerMinute = 10

/** Makes the one that reads PROXY headers, from those who may send them and from nobody else. */
export function createProxyAdmission(
  settings: ProxyProtocolSettings,
  refused: RefusedConnections,
  { headerTimeoutMs = defaultHeaderTimeoutMs }: ProxyAdmissionOptions = {},
): ProxyAdmission {
  let { use } = settings
  let maySend = senders(settings)
  return {
    replace(next) {
      use = next.use
      maySend = senders(next)
    },
    async admit(socket) {
      if (use === false) return undefined
      if (socket.destroyed) return 'refused'
      const isRequired = use === true
      const ip = unmapIPv4(socket.remoteAddress ?? '')
      const isSender = maySend(ip)
      const refuse = (why: string): 'refused' => {
        refused.report(why, ip)
        return 'refused'
      }
      if (isRequired && !isSender) return refuse('its address is not in "proxy_protocol_from"')
      const found = await readProxyHeader(socket, headerTimeoutMs)
      // A load balancer that asks whether somebody listens says nothing, and means no harm.
      if (found === 'lost') return 'refused'
      if (found === 'late')
        return refuse(`${isRequired ? 'no' : 'neither TLS nor a'} whole PROXY header came in time`)
      if (found === 'absent')
        return isRequired ? refuse('it begins without a PROXY header') : undefined
      if (!isSender) return refuse('it sent a PROXY header and is not in "proxy_protocol_from"')
      return found === 'invalid' ? refuse('its PROXY header is malformed') : found
    },
  }
}

function senders({ from }: ProxyProtocolSettings): (address: string) => boolean {
  return from === undefined ? () => true : createIpMatcher(from)
}

/** Logs a line for each, and for those beyond ten in a minute one line with their number: scans are long. */
export function createRefusedConnections(logger: Logger, clock: Clock): RefusedConnections {
  const limit = createLineLimit(clock, maxLinesPerMinute, (connections) =>
    logger.warn('more connections refused', { connections }),
  )
  return {
    report(why, ip) {
      if (limit.admits()) logger.warn('connection refused', { ip, why })
    },
  }
}
