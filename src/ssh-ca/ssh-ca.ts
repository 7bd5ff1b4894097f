import { randomBytes, sign } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { AnySession } from '../identity/session.ts'
import type { SigningKey, SigningKeys } from '../identity/signing-keys.ts'
import { cleanLine } from '../terminal-text.ts'
import {
  ed25519Key,
  encodeToBeSigned,
  formatCertificate,
  type SshCertificate,
} from '../tunnel/ssh/certificate.ts'
import { formatSshPublicKey, type SshPublicKey } from '../tunnel/ssh/public-key.ts'
import { principalsOf } from './principals.ts'
import type { SshCaSettings } from './settings.ts'

/** What a certificate is asked for with; whether it may be had is decided before. */
export interface SshCertificateRequest {
  readonly session: AnySession
  readonly publicKey: SshPublicKey
  readonly settings: SshCaSettings
  readonly requestId: string
  /** When whoever asks may no longer be there, in milliseconds since the epoch. */
  readonly validUntilMs: number | undefined
}

/** A certificate that was made. */
export interface IssuedSshCertificate extends SshCertificate {
  /** The line of a `-cert.pub` file. */
  readonly line: string
}

/** Signs with the key that was current when it was opened: one synchronous step, behind a decision. */
export interface SshSigner {
  /** @throws AccessError `no-ssh-account` */
  issue(request: SshCertificateRequest): IssuedSshCertificate
}

/** An authority of short-lived SSH certificates. */
export interface SshCa {
  openSigner(): Promise<SshSigner>
  /** The lines for an sshd's `TrustedUserCAKeys`, the current key first: those of before still count. */
  trustedKeys(): Promise<readonly string[]>
}

/** Clocks differ: a certificate holds from so much earlier on, in milliseconds. */
const clockSkewMs = 60_000

/** Bytes of a nonce; PROTOCOL.certkeys leaves it open, and OpenSSH draws as many. */
const nonceBytes = 32

export function createSshCa(keys: Pick<SigningKeys, 'all'>, clock: Clock): SshCa {
  return {
    async openSigner() {
      // The one before, until it is forgotten: by then every sshd is to know the new one.
      const key = (await keys.all('ssh-ca')).at(-1)
      if (key === undefined) throw new TypeError('there is always a key')
      return { issue: (request) => issue(request, key, clock.now()) }
    },
    async trustedKeys() {
      const all = await keys.all('ssh-ca')
      return all.map((key) =>
        formatSshPublicKey(authorityOf(key), `postern-${key.kid.slice(0, 8)}`),
      )
    },
  }
}

function issue(
  { session, publicKey, settings, requestId, validUntilMs = Infinity }: SshCertificateRequest,
  key: SigningKey,
  nowMs: number,
): IssuedSshCertificate {
  const certificate: SshCertificate = {
    serial: randomBytes(8).readBigUInt64BE(),
    // One line of the sshd's log, whatever the provider says.
    keyId: cleanLine(`${session.email ?? session.userId} request ${requestId}`),
    principals: principalsOf(session, settings.principals),
    validAfterS: Math.floor((nowMs - clockSkewMs) / 1000),
    validBeforeS: Math.floor(Math.min(nowMs + settings.lifetimeMs, validUntilMs) / 1000),
    extensions: settings.extensions,
  }
  const authority = authorityOf(key)
  const toBeSigned = encodeToBeSigned(publicKey, certificate, authority, randomBytes(nonceBytes))
  const signature = sign(null, toBeSigned, key.privateKey)
  const line = formatCertificate(publicKey, toBeSigned, signature, certificate.principals[0])
  return { ...certificate, line }
}

function authorityOf({ publicJwk }: SigningKey): SshPublicKey {
  return ed25519Key(Buffer.from(publicJwk.x ?? '', 'base64url'))
}
