/**
 * Names of this machine for NO_PROXY. Everything of the quickstart is on it, and a company's proxy would
 * look for it on its own.
 */
const directHosts = 'localhost,127.0.0.1'

/** The variables by which a program reaches this machine without a proxy; the lower-case one counts first. */
export const directEnvironment = { NO_PROXY: directHosts, no_proxy: directHosts } as const
