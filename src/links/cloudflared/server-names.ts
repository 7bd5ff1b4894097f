/** The name that a stock connector asks for, without a word in ALPN. */
export const connectorServerName = 'h2.cftunnel.com'
/** The name by which it tries, at its start, whether it gets through: it only shakes hands. */
export const probeServerName = 'probe.cftunnel.com'
