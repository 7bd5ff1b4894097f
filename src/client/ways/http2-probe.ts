import type { ClientHttp2Session } from 'node:http2'

/**
 * Longest wait for a sign of life of a connection that is asked for a tunnel.
 *
 * @limit time for the answer to CONNECT or to a PING on a connection that stood before: the tunnel is
 * asked for again on a new connection
 */
const silenceMs = 5_000

/** Nothing has come over a connection since it was asked for a tunnel. */
export class SilentError extends Error {
  constructor() {
    super(`nothing came from the gateway for ${silenceMs} ms`)
  }
}

/** Tells a gateway that takes its time, to dial or to decide, from a connection that is dead. */
export interface Probe {
  /** Aborted with a `SilentError`, once and for good. */
  readonly silence: AbortSignal
  /** Sends a PING: the machine may have slept, or changed its network. */
  ask(): void
  /** Something has come. */
  heard(): void
}

/**
 * Watches one connection. HTTP/2 answers a PING at once whatever its streams do (RFC 9113 §6.7), so one
 * that is not answered says that the connection is gone, or that its bytes stand behind too many others.
 */
export function createProbe(session: ClientHttp2Session): Probe {
  const silence = new AbortController()
  let timer: NodeJS.Timeout | undefined
  /** Somebody has asked since the PING left: what answers that one says nothing of the time after it. */
  let isAskedAgain = false

  function send(): void {
    if (session.destroyed) return
    timer = setTimeout(() => silence.abort(new SilentError()), silenceMs).unref()
    // One that is not sent, for want of an answer to ten others, calls back with an error.
    session.ping((error) => {
      if (error === null) heard()
    })
  }

  function heard(): void {
    if (timer === undefined) return
    clearTimeout(timer)
    timer = undefined
    if (isAskedAgain) send()
    isAskedAgain = false
  }

  session.once('close', () => clearTimeout(timer))
  return {
    silence: silence.signal,
    ask() {
      if (timer === undefined) send()
      else isAskedAgain = true
    },
    heard,
  }
}
