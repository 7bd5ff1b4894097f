import type { Grant } from '../access/grant.ts'
import { parseAuthority } from '../address.ts'
import { AccessError, PeerError } from '../errors.ts'
import type { Client } from '../net/client.ts'
import type { Target } from '../net/target.ts'
import type { RequestHeaders } from '../request-headers.ts'
import type { SshCaSettings } from '../ssh-ca/settings.ts'
import type { IssuedSshCertificate, SshCa, SshSigner } from '../ssh-ca/ssh-ca.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import { parseSshPublicKey, sshKeyTypes, type SshPublicKey } from '../tunnel/ssh/public-key.ts'
import { decodeSshSignRequest, type SshSignAnswer } from '../tunnel/ssh-sign.ts'
import { limitBody, readJson } from './answers/body.ts'
import { createPageApp, type PageApp, type PageContext } from './answers/page-app.ts'
import { askerOf } from './sign-in/sign-in-log.ts'

/** Decides about a tunnel, and calls `act` in one step with the last look; see `gateway/with-grant.ts`. */
export type DecideAboutTunnel = <Value>(
  request: {
    readonly requestId: string
    readonly authority: string
    readonly target: Target
    readonly headers: RequestHeaders
    readonly client: Client
    readonly signal: AbortSignal
  },
  act: (grant: Grant) => Value,
) => Promise<Value>

export interface SshSignParts {
  readonly sshCa: SshCa
  /** What certificates say; undefined while there are none. */
  settings(): SshCaSettings | undefined
  readonly withGrant: DecideAboutTunnel
  readonly audit: AuditLog
}

/**
 * Longest body of a request, in bytes: a key and a target fit several times over.
 *
 * @limit a request for an SSH certificate: 413
 */
const maxBodyBytes = 8 * 1024

/**
 * Signs the SSH key of whoever may have a tunnel to the target: a certificate opens nothing that a tunnel
 * does not lead to.
 */
export function createSshSignApi(parts: SshSignParts): PageApp {
  const app = createPageApp()
  app.use(gatewayPaths.sshSign, limitBody(maxBodyBytes))
  app.post(gatewayPaths.sshSign, async (c) => {
    const settings = parts.settings()
    if (settings === undefined) throw noCertificates()
    const { target, authority, publicKey } = await readRequest(c)
    // Before the decision: between that and the signature is no `await`.
    const signer = await parts.sshCa.openSigner()
    const { requestId, client } = c.env
    const { signal } = c.req.raw
    const asked = { requestId, authority, target, headers: c.req.header(), client, signal }
    const issued = await parts.withGrant(asked, (grant) =>
      issue(grant, { signer, settings, publicKey }, parts.audit, c),
    )
    return c.json(toAnswer(issued), 200, { 'cache-control': 'no-store' })
  })
  return app
}

interface Signing {
  readonly signer: SshSigner
  readonly settings: SshCaSettings
  readonly publicKey: SshPublicKey
}

function issue(
  { caller: { session }, route, validUntilMs }: Grant,
  { signer, settings, publicKey }: Signing,
  audit: AuditLog,
  c: PageContext,
): IssuedSshCertificate {
  if (session === undefined) throw signInRequired()
  const { requestId } = c.env
  const issued = signer.issue({ session, publicKey, settings, requestId, validUntilMs })
  const { serial, keyId, principals, validBeforeS, extensions } = issued
  const details = {
    'route-id': route.id,
    serial: String(serial),
    'key-id': keyId,
    principals,
    'expires-at': timeOf(validBeforeS),
    extensions,
  }
  audit.record({
    kind: 'decision',
    event: 'ssh certificate issued',
    session,
    ...askerOf(c),
    details,
  })
  return issued
}

async function readRequest(c: PageContext): Promise<{
  readonly authority: string
  readonly target: Target
  readonly publicKey: SshPublicKey
}> {
  const request = decodeSshSignRequest(await readJson(c))
  const target = parseAuthority(request?.target ?? '')
  if (request === undefined || target === undefined) {
    throw new PeerError('malformed-request', 'this is no request for an SSH certificate', {
      hint: 'send JSON with "target", a host and port, and "public_key"',
    })
  }
  const publicKey = parseSshPublicKey(request.public_key)
  if (publicKey !== undefined) {
    return { authority: request.target, target: { protocol: 'tcp', ...target }, publicKey }
  }
  throw new PeerError('malformed-request', 'the key is none that a certificate is made for', {
    hint: `send the line of a ".pub" file of one of ${sshKeyTypes.join(', ')}`,
  })
}

function toAnswer({
  line,
  serial,
  keyId,
  principals,
  validBeforeS,
}: IssuedSshCertificate): SshSignAnswer {
  return {
    certificate: line,
    expires_at: timeOf(validBeforeS),
    principals,
    key_id: keyId,
    serial: String(serial),
  }
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}

/** A public route lets strangers through, and a certificate names somebody. */
function signInRequired(): AccessError {
  return new AccessError('sign-in-required', 'an SSH certificate needs you to sign in', {
    hint: 'sign in; "postern access ssh-gen" opens the browser for you',
  })
}

function noCertificates(): AccessError {
  return new AccessError('no-ssh-certificates', 'this gateway makes no SSH certificates', {
    hint: 'whoever runs it turns them on with "ssh_ca"; until then sign in to the machine with a key of your own',
  })
}
