import { chmodSync } from 'node:fs'
import { lstat, rm } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { systemCode } from '../../errors.ts'

/**
 * Time for whoever holds a socket to answer, in milliseconds.
 *
 * @limit time for whoever holds a socket to answer: it counts as left over, and is replaced
 */
const probeTimeoutMs = 1_000

/**
 * Listens on a Unix socket of mode 0600. A socket that a process left behind is replaced; one that
 * somebody answers on, or a file of another kind, is not. Node removes it when the server closes.
 * Rejects with Node's own error.
 */
export async function listenOnPath(server: Server, path: string): Promise<void> {
  try {
    await bind(server, path)
  } catch (error) {
    if (systemCode(error) !== 'EADDRINUSE' || !(await isLeftBehind(path))) throw error
    await rm(path)
    await bind(server, path)
  }
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // The socket must never be open to others, not even between bind and chmod. Only the bind within
    // listen() happens under this mask, which is the whole process's.
    const before = process.umask(0o177)
    server.once('error', reject)
    server.listen({ path }, () => {
      server.off('error', reject)
      chmodSync(path, 0o600)
      resolve()
    })
    process.umask(before)
  })
}

async function isLeftBehind(path: string): Promise<boolean> {
  const isSocket = await lstat(path).then(
    (found) => found.isSocket(),
    () => false,
  )
  return isSocket && !(await isAnswered(path))
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path })
    const finish = (isAlive: boolean): void => {
      probe.destroy()
      resolve(isAlive)
    }
    probe.setTimeout(probeTimeoutMs, () => finish(true))
    probe.once('connect', () => finish(true))
    // A refusal says that nobody listens; any other error (no permission, a full backlog) that somebody
    // does.
    probe.once('error', (error) => finish(systemCode(error) !== 'ECONNREFUSED'))
  })
}
