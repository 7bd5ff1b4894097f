import ssh2 from 'ssh2'
import type { AuthContext, Connection } from 'ssh2'
import { systemClock } from '../../clock.ts'
import type { Clock } from '../../clock.ts'
import { startLoopbackService } from './loopback.ts'
import type { LoopbackService } from './loopback.ts'
import { serveSession } from './ssh-session.ts'

/** The password of every user of the sample server. */
export const samplePassword = 'demo'

export interface SampleSsh extends LoopbackService {
  /** The host key as it stands in `known_hosts`, such as `ecdsa-sha2-nistp256 AAAA…`. */
  readonly hostKey: string
}

export interface SampleSshOptions {
  readonly clock?: Clock
}

/** Wrong passwords before the connection is closed; OpenSSH allows as many (MaxAuthTries). */
const maxAttempts = 6
/** Time to sign in, in milliseconds; OpenSSH allows as much (LoginGraceTime). */
const signInTimeoutMs = 120_000

/**
 * Makes a host key, and throws when the library cannot read back what it made.
 *
 * Not Ed25519: the library strips leading zeros off such public keys, which makes one in 256 of them
 * unreadable. An ECDSA point begins with 4.
 */
export function createHostKey(): { readonly private: string; readonly public: string } {
  const keys = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 })
  const parsed = ssh2.utils.parseKey(keys.private)
  if (parsed instanceof Error) throw parsed
  return keys
}

/**
 * Starts a harmless SSH server: any user with the password "demo" gets a few toy commands. It runs
 * nothing, reads no file, forwards nothing, and its host key lives as long as it does.
 */
export async function startSampleSsh(options: SampleSshOptions = {}): Promise<SampleSsh> {
  const { clock = systemClock } = options
  const keys = createHostKey()
  const startedMs = clock.now()
  const server = new ssh2.Server({ hostKeys: [keys.private], ident: 'Postern-sample' }, (client) =>
    serveClient(client, () => clock.now() - startedMs),
  )
  const service = await startLoopbackService((socket) => server.injectSocket(socket))
  return { ...service, hostKey: keys.public.trim() }
}

/**
 * Only sessions are served. Connections and listeners that a client may ask for (`tcpip`,
 * `streamlocal`, `tcpip-forward`) have no listener here, and the library refuses what has none.
 */
function serveClient(client: Connection, upMs: () => number): void {
  let user = ''
  let attempts = 0
  const timer = setTimeout(() => client.end(), signInTimeoutMs).unref()
  client.on('error', () => undefined)
  client.once('close', () => clearTimeout(timer))
  client.on('authentication', (attempt) => {
    if (isRight(attempt)) {
      user = attempt.username
      attempt.accept()
      return
    }
    // Every client begins with "none", to hear which methods there are.
    if (attempt.method !== 'none' && (attempts += 1) >= maxAttempts) client.end()
    else attempt.reject(['password'])
  })
  client.once('ready', () => {
    clearTimeout(timer)
    client.on('session', (accept) => serveSession(accept(), () => ({ user, upMs: upMs() })))
  })
}

function isRight(attempt: AuthContext): boolean {
  return attempt.method === 'password' && attempt.password === samplePassword
}
