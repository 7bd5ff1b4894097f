import { parseHost, parsePort } from '../address.ts'
import { SystemError, messageOf, systemCode } from '../errors.ts'

/** A listening address; `host` undefined means every address of the machine. */
export interface ListenAddress {
  readonly host: string | undefined
  /** 0 for a port the system chooses. */
  readonly port: number
}

/** Parses `:443`, `127.0.0.1:443`, `[::1]:443`; port 0 lets the system choose. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const colon = text.lastIndexOf(':')
  const port = text.slice(colon + 1) === '0' ? 0 : parsePort(text.slice(colon + 1))
  const host = colon > 0 ? parseHost(text.slice(0, colon)) : undefined
  if (colon < 0 || port === undefined) return undefined
  return colon === 0 || host !== undefined ? { host, port } : undefined
}

/** Why it is impossible to listen on an address, as one sentence with what to do. */
export function listenError(error: unknown, address: string): SystemError {
  const details = { cause: error }
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return new SystemError('address-in-use', `"${address}" is in use by another program`, {
        ...details,
        hint: 'stop it, or choose another address',
      })
    case 'EACCES':
      return new SystemError('address-not-allowed', `this user may not listen on "${address}"`, {
        ...details,
        hint: 'ports below 1024 need the capability CAP_NET_BIND_SERVICE; or choose another port',
      })
    case 'EADDRNOTAVAIL':
      return new SystemError('address-not-here', `"${address}" is not an address of this machine`, {
        ...details,
        hint: 'choose one of its own addresses, or leave the host out for all of them',
      })
    default:
      return new SystemError(
        'cannot-listen',
        `cannot listen on "${address}": ${messageOf(error)}`,
        details,
      )
  }
}
