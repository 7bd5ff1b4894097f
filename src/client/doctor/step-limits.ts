/** Longest time of each step, in milliseconds. */
export interface StepLimits {
  readonly addressMs: number
  readonly proxyMs: number
  readonly tlsMs: number
  readonly gatewayMs: number
  readonly transportMs: number
  readonly signInMs: number
  readonly tunnelMs: number
}

/** @limit time that "postern doctor" gives a proxy to connect and answer: the proxy is said to be in the way */
const proxyMs = 10_000
/** @limit time that "postern doctor" gives a TLS handshake: the gateway is said not to speak */
const tlsMs = 8_000
/** @limit time that "postern doctor" gives the gateway to answer who it is: it is said not to answer */
const gatewayMs = 6_000
/** @limit time that "postern doctor" gives each way of asking for a tunnel: it is said not to pass */
const transportMs = 6_000
/** @limit time that "postern doctor" gives the gateway to say who is signed in: it is said not to answer */
const signInMs = 6_000
/** @limit time that "postern doctor" gives the service behind the gateway to open: it is said not to answer */
const tunnelMs = 15_000

export const stepLimits: StepLimits = {
  proxyMs,
  tlsMs,
  gatewayMs,
  transportMs,
  signInMs,
  tunnelMs,
  addressMs: 5_000,
}

/**
 * Longest time of all steps together, in milliseconds.
 *
 * @limit time of a whole "postern doctor": what is left then is not tried
 */
export const wholeMs = 60_000
