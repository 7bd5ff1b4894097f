import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { SystemError, messageOf, systemCode } from '../errors.ts'
import { defaultPort } from './options.ts'

/** No such address: this machine has no IPv6. */
const noAddressCodes: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])

/**
 * The port that was asked for, or where none was the usual one, or another where that is taken.
 *
 * @throws SystemError as `requireFreePort`
 */
export async function choosePort(asked: number | undefined): Promise<number> {
  if (asked !== undefined) return requireFreePort(asked)
  return requireFreePort(defaultPort).catch(() => requireFreePort(0))
}

/**
 * Makes sure that a port is free on both loopback addresses, so that "localhost" cannot lead to
 * another program, and answers it; 0 for one that the system chooses.
 *
 * @throws SystemError `address-in-use`, `address-not-allowed` or `cannot-listen`
 */
export async function requireFreePort(port: number): Promise<number> {
  try {
    const free = await listenBriefly('127.0.0.1', port)
    await listenBriefly('::1', free).catch((error: unknown) => {
      if (!noAddressCodes.has(systemCode(error) ?? '')) throw error
    })
    return free
  } catch (error) {
    throw portError(port, error)
  }
}

/** The sentence for a port of the gateway that cannot be had. */
export function portError(port: number, error: unknown): SystemError {
  const hint = 'choose another one, as by "--port 9443"; "--port 0" takes any that is free'
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return new SystemError('address-in-use', `port ${port} is in use by another program`, {
        hint,
        cause: error,
      })
    case 'EACCES':
      return new SystemError('address-not-allowed', `port ${port} is reserved for the system`, {
        hint,
        cause: error,
      })
    default:
      return new SystemError(
        'cannot-listen',
        `cannot listen on port ${port}: ${messageOf(error)}`,
        {
          hint,
          cause: error,
        },
      )
  }
}

/**
 * Chooses ports for commands to listen on later: the preferred one when it is free and was not
 * chosen before, else one that the system chooses. 0 prefers none.
 */
export function createPortChooser(): (preferred: number) => Promise<number> {
  const chosen = new Set<number>()
  return async (preferred) => {
    const wanted = chosen.has(preferred) ? 0 : preferred
    const port = await listenBriefly('127.0.0.1', wanted).catch(() => listenBriefly('127.0.0.1', 0))
    chosen.add(port)
    return port
  }
}

async function listenBriefly(host: string, port: number): Promise<number> {
  const server = createServer().listen({ host, port })
  await once(server, 'listening')
  const { port: actual } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return actual
}
