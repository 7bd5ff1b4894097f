import { chmod, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import type { Session } from '../identity/session.ts'
import { lingerOnClose } from '../net/linger.ts'
import type { Closable } from '../shutdown.ts'
import { listenError } from '../net/listen-address.ts'
import { recordChange } from './change.ts'
import { serviceAccountControl, type ServiceAccountParts } from './service-accounts.ts'
import { tokenKeyControl, type TokenKeyParts } from './token-keys.ts'
import type { ControlFault, Revocation, SessionList, SessionSummary } from './protocol.ts'

/** What the control socket reaches inside the running gateway. */
export interface ControlParts extends ServiceAccountParts, TokenKeyParts {
  listSessions(): Promise<readonly Session[]>
  /** Ends a session and resolves once no tunnel of it is left; false when there was none. */
  revokeSession(id: string): Promise<boolean>
}

/**
 * Listens on `control.sock` (0600, in a directory of 0700): whoever may open it is the gateway's own
 * user or root, and needs no other proof. The caller holds the lock of the state directory, so a
 * socket that is already there is a dead gateway's.
 */
export async function startControl(path: string, parts: ControlParts): Promise<Closable> {
  await rm(path, { force: true })
  const listener = getRequestListener(controlApp(parts).fetch)
  const server = createServer((request, response) => void listener(request, response))
  lingerOnClose(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, path)))
    server.listen(path, resolve)
  })
  await chmod(path, 0o600)
  return {
    async close() {
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
}

function controlApp(parts: ControlParts): Hono {
  const app = new Hono()
  app.get('/sessions', async (c) => {
    const sessions = await parts.listSessions()
    return c.json<SessionList>({ sessions: sessions.map((session) => summarize(session, parts)) })
  })
  app.delete('/sessions/:id', async (c) => {
    const id = c.req.param('id')
    if (await parts.revokeSession(id)) {
      recordChange(parts, 'sessions revoked', { 'session-ids': [id] })
      return c.json<Revocation>({ revoked: [id] })
    }
    return c.json<ControlFault>(
      { error: 'session_not_found', message: `there is no session "${id}"` },
      404,
    )
  })
  // Revokes all sessions of one person, by email address or user id.
  app.delete('/sessions', async (c) => {
    const who = c.req.query('user') ?? ''
    const isTheirs = ({ userId, email }: Session): boolean =>
      userId === who || email?.toLowerCase() === who.toLowerCase()
    const ids = (await parts.listSessions()).filter(isTheirs).map(({ id }) => id)
    await Promise.all(ids.map((id) => parts.revokeSession(id)))
    recordChange(parts, 'sessions revoked', { 'session-ids': ids })
    return c.json<Revocation>({ revoked: ids })
  })
  app.route('/service-accounts', serviceAccountControl(parts))
  app.route('/keys', tokenKeyControl(parts))
  return app
}

function summarize(session: Session, { countTunnels }: ControlParts): SessionSummary {
  const { id, userId, email, name, groups, issuedAtMs, expiresAtMs } = session
  return {
    id,
    user: userId,
    email: email ?? null,
    name: name ?? null,
    groups,
    issued_at: new Date(issuedAtMs).toISOString(),
    expires_at: new Date(expiresAtMs).toISOString(),
    device: session.device ?? null,
    tunnels: countTunnels(id),
  }
}
