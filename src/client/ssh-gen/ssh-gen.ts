import { readFile } from 'node:fs/promises'
import { AccessError, PeerError, SystemError, messageOf } from '../../errors.ts'
import type { Destination } from '../../reach/destination.ts'
import { createDialer } from '../../reach/dialer.ts'
import { createSendToGateway, type SendToGateway } from '../../reach/gateway-request.ts'
import { refusedError, wantsSignIn } from '../../reach/refused.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { decodeRefusal } from '../../tunnel/refusal.ts'
import { parseCertificate, type ReadCertificate } from '../../tunnel/ssh/certificate.ts'
import { formatSshPublicKey, type SshPublicKey } from '../../tunnel/ssh/public-key.ts'
import { decodeSshSignAnswer, type SshSignRequest } from '../../tunnel/ssh-sign.ts'
import { credentialsOf, type SignInOptions } from '../sign-in/credentials-of.ts'
import { withToken } from '../sign-in/credentials.ts'
import { replaceFile } from '../../reach/replace-file.ts'
import { openKey, type KeyFiles } from './key-files.ts'

/** A certificate that holds now, and whether it is new. */
export interface HeldCertificate {
  readonly certificate: ReadCertificate
  readonly isNew: boolean
}

/** One that is over sooner is asked for anew, in seconds: a slow connection is to get through with it. */
const leastLeftS = 60

/**
 * Longest answer that is read, in bytes; the longest certificate takes a third.
 *
 * @limit a gateway's answer with an SSH certificate: `unexpected-answer`
 */
const maxAnswerBytes = 32 * 1024

/**
 * The certificate for an application's sshd: the one in the file while it holds, else another one, with a
 * sign-in where the gateway asks for it.
 *
 * @throws AccessError `sign-in-…`, `no-ssh-certificates`; RefusedError when the gateway says no;
 * UpstreamError `gateway-…`; SystemError `ssh-key-unusable`
 */
export async function holdCertificate(
  { authority }: Destination,
  files: KeyFiles,
  options: SignInOptions,
  signal: AbortSignal,
): Promise<HeldCertificate> {
  const key = await openKey(files)
  const kept = await readKept(files, key)
  if (kept !== undefined) return { certificate: kept, isNew: false }
  const dialer = createDialer(options)
  const send = createSendToGateway(dialer)
  const credentials = credentialsOf(options, dialer, signal)
  const request = { target: authority, public_key: formatSshPublicKey(key) }
  try {
    const line = await withToken(credentials, signal, (token) => ask(send, request, token, signal))
    const certificate = parseCertificate(line)
    if (certificate === undefined || !isFor(certificate, key)) {
      throw new PeerError('unexpected-answer', 'the gateway sent no certificate for this key', {
        hint: 'whoever runs the gateway can see in its log what it did',
      })
    }
    await write(files.certificate, line)
    return { certificate, isNew: true }
  } finally {
    await credentials.idle()
  }
}

/** The line of a certificate; undefined for "sign in". */
async function ask(
  send: SendToGateway,
  request: SshSignRequest,
  token: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const body = JSON.stringify(request)
  const answer = await send(
    {
      method: 'POST',
      path: gatewayPaths.sshSign,
      body,
      type: 'application/json',
      token,
      maxBodyBytes: maxAnswerBytes,
    },
    signal,
  )
  if (wantsSignIn(answer)) return undefined
  if (answer.status !== 200) {
    // A gateway of an older release has no such page.
    if (decodeRefusal(answer.body)?.code === 'page_not_found') throw noCertificates()
    throw refusedError(answer, request.target)
  }
  // What is no certificate is told by whoever reads it.
  return decodeSshSignAnswer(answer.body) ?? ''
}

async function readKept(files: KeyFiles, key: SshPublicKey): Promise<ReadCertificate | undefined> {
  const line = await readFile(files.certificate, 'utf8').catch(() => '')
  const certificate = parseCertificate(line)
  if (certificate === undefined || !isFor(certificate, key)) return undefined
  const nowS = Date.now() / 1000
  const holds = certificate.validAfterS <= nowS && nowS + leastLeftS < certificate.validBeforeS
  return holds ? certificate : undefined
}

function isFor({ type, fields }: ReadCertificate, key: SshPublicKey): boolean {
  return type === key.type && fields.equals(key.fields)
}

async function write(path: string, line: string): Promise<void> {
  try {
    await replaceFile(path, `${line}\n`)
  } catch (cause) {
    throw new SystemError('ssh-key-unusable', `cannot write "${path}": ${messageOf(cause)}`, {
      cause,
    })
  }
}

function noCertificates(): AccessError {
  return new AccessError('no-ssh-certificates', 'this gateway makes no SSH certificates', {
    hint: 'whoever runs it turns them on with "ssh_ca"; until then sign in to the machine with a key of your own',
  })
}
