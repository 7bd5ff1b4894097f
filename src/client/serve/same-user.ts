import type { Socket } from 'node:net'
import { SystemError } from '../../errors.ts'
import { tcpEndpointsOf } from '../../net/proc-tcp.ts'
import type { ListenAddress } from './listen-address.ts'
import { ownerOf } from './socket-owner.ts'

/** Says why a local connection is refused; undefined: it may go on. Never rejects. */
export type Admission = (socket: Socket) => Promise<string | undefined>

/**
 * Admits the connections of this process's own user: a port on loopback is open to every user of the
 * machine. A Unix socket of mode 0600 is so by itself.
 *
 * @throws SystemError `same-user-unsupported` on a system other than Linux, `same-user-unavailable` when
 * the kernel's tables cannot be read
 */
export async function admitSameUser(
  listen: ListenAddress,
  platform: NodeJS.Platform = process.platform,
): Promise<Admission> {
  if (listen.kind !== 'tcp') return () => Promise.resolve(undefined)
  if (platform !== 'linux') {
    throw new SystemError('same-user-unsupported', '"--same-user" works on Linux only', {
      hint: 'listen on a socket of your own, which nobody else may open: "--listen unix:PATH"',
    })
  }
  // Sockets belong to the effective user.
  const own = process.geteuid?.()
  await ownerOf({ localAddress: '::1', localPort: 0, remoteAddress: '::1', remotePort: 0 })
  return async (socket) => {
    const endpoints = tcpEndpointsOf(socket)
    const owner = endpoints && (await ownerOf(endpoints).catch(() => undefined))
    if (owner === own) return undefined
    return owner === undefined
      ? 'no program of this machine is known to hold it'
      : `its program runs as another user (uid ${owner})`
  }
}
