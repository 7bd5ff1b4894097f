import { mkdir } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import { SystemError, messageOf, systemCode } from '../../errors.ts'
import { takeSignInLock } from '../../client/sign-in/sign-in-lock.ts'
import { listenOnPath } from '../../client/serve/unix-socket.ts'
import type { Closable } from '../../shutdown.ts'
import type { DaemonApp } from './app.ts'

const lockPollMs = 50
/** @limit none: two daemons that start at once; the second one goes on to look who listens */
const maxLockWaitMs = 5_000

/**
 * Serves the calls on a Unix socket (0600, in a directory of 0700), or a named pipe of Windows: whoever may open it is
 * this user, and needs no other proof. It is also what keeps a second daemon from running.
 *
 * @throws SystemError `daemon-runs`, `daemon-not-started`
 */
export async function serveSocket(path: string, app: DaemonApp): Promise<Closable> {
  const listener = getRequestListener((request) => app.fetch(request))
  const server = createServer((request, response) => void listener(request, response))
  try {
    if (!isPipe(path)) await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await (isPipe(path) ? listenOnPipe(server, path) : listenAlone(server, path))
  } catch (error) {
    if (systemCode(error) === 'EADDRINUSE') {
      throw new SystemError('daemon-runs', 'another daemon of yours runs already', {
        hint: 'see "postern status", or end it with "postern down --quit"',
        cause: error,
      })
    }
    throw new SystemError('daemon-not-started', `cannot listen on "${path}": ${messageOf(error)}`, {
      hint: 'see that you may write to its directory; a path may have about 100 bytes',
      cause: error,
    })
  }
  return {
    async close() {
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
}

/**
 * Between the look at a socket that a daemon left behind and its removal, another one may have begun to listen there:
 * whoever comes at the same time waits.
 */
async function listenAlone(server: Server, path: string): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += lockPollMs) {
    await using lock = await takeSignInLock(`${path}.lock`, 'postern up')
    if (lock !== undefined || waitedMs >= maxLockWaitMs) return await listenOnPath(server, path)
    await pause(lockPollMs)
  }
}

function isPipe(path: string): boolean {
  return path.startsWith('\\\\')
}

function listenOnPipe(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
