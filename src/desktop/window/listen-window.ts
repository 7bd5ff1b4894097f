import { randomInt } from 'node:crypto'
import type { Server } from 'node:net'
import { SystemError, systemCode } from '../../errors.ts'
import { listenError } from '../../net/listen-address.ts'

/** One address, which nobody else can have beside us; a name such as `localhost` also leads to ::1. */
export const windowHost = '127.0.0.1'

/** Above what people choose, below what systems give to outgoing connections (32768 on Linux, 49152 elsewhere). */
const ports = { first: 20_000, end: 32_000 }
/** @limit none: a free port is found by then, or the machine is in trouble */
const maxAttempts = 50

/**
 * Listens at a port of its own choice that is free, and answers which.
 *
 * @throws SystemError `cannot-listen` …
 */
export async function listenAnywhere(server: Server): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const port = randomInt(ports.first, ports.end)
    try {
      await listen(server, port)
      return port
    } catch (error) {
      if (systemCode(error) !== 'EADDRINUSE' || attempt >= maxAttempts)
        throw listenError(error, `${windowHost}:${port}`)
    }
  }
}

/**
 * Listens where the window was before.
 *
 * @throws SystemError `window-address-in-use` where another program is there by now, …
 */
export async function listenAgain(
  server: Server,
  port: number,
  whoHolds: (port: number) => Promise<string | undefined>,
): Promise<void> {
  try {
    await listen(server, port)
  } catch (error) {
    if (systemCode(error) !== 'EADDRINUSE') throw listenError(error, `${windowHost}:${port}`)
    const who = (await whoHolds(port)) ?? 'another program has it'
    throw new SystemError(
      'window-address-in-use',
      `the window cannot be at "${windowHost}:${port}" as before: ${who}`,
      {
        hint: 'end that program, or move the window with "postern desktop --new-address"; browsers are let in again either way',
        cause: error,
      },
    )
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: windowHost, port, exclusive: true }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
