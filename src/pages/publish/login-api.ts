import { AppError, PeerError } from '../../errors.ts'
import type { DevicePoll } from '../../identity/device-codes.ts'
import type { DeviceCodeRecord } from '../../store/store.ts'
import { decodeDevicePoll } from '../../tunnel/device.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { decodePublicKey, publicKeyField, sealCredential } from '../../tunnel/publish-login.ts'
import { encodeTokenAnswer } from '../../tunnel/sign-in.ts'
import { limitBody, readForm } from '../answers/body.ts'
import { createPageApp, type PageApp, type PageContext } from '../answers/page-app.ts'
import { toRefusal } from '../answers/refusal.ts'
import { beginCode, refuse, refusePoll, sendJson } from '../sign-in/device-api.ts'
import { deviceId } from '../sign-in/device-sign-in.ts'
import { askerOf } from '../sign-in/sign-in-log.ts'
import { factsOf, requireSites, type PublishLoginParts } from './login-parts.ts'

/**
 * A name, a command and a key.
 *
 * @limit a request of a machine that asks for a publish credential: 413 `request_too_large`
 */
const maxRequestBytes = 4096

/** What a machine asks that is to publish: for a code, and then for the credential, sealed to its key. */
export function createPublishLoginApi(parts: PublishLoginParts): PageApp {
  const app = createPageApp()
  for (const path of [gatewayPaths.publishCode, gatewayPaths.publishToken])
    app.use(path, limitBody(maxRequestBytes))
  app.onError((error, c) => {
    if (!(error instanceof AppError)) throw error
    return refuse(c, toRefusal(error))
  })
  app.post(gatewayPaths.publishCode, async (c) => {
    requireSites(parts)
    const publicKey = decodePublicKey((await readForm(c))[publicKeyField])
    if (publicKey === undefined)
      throw new PeerError('invalid-request', 'this names no key that a credential can be sealed to')
    return beginCode(c, parts, gatewayPaths.publishLogin, publicKey)
  })
  app.post(gatewayPaths.publishToken, async (c) => {
    requireSites(parts)
    const secret = decodeDevicePoll(await readForm(c))
    if (secret === undefined) throw new PeerError('invalid-request', 'this is not a device grant')
    return answerPoll(c, parts, await parts.identity.deviceCodes.poll(secret, 'publish'))
  })
  return app
}

/** The credential is made only now: there is none that nobody came for. */
async function answerPoll(
  c: PageContext,
  parts: PublishLoginParts,
  poll: DevicePoll,
): Promise<Response> {
  if (poll.state !== 'signed-in') return refusePoll(c, poll)
  try {
    return await issue(c, parts, poll.record, poll.sessionId)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    // The code was used: asking once more would not help.
    return refusePoll(c, { state: 'denied', why: error.message })
  }
}

async function issue(
  c: PageContext,
  { identity, publishers, audit }: PublishLoginParts,
  record: DeviceCodeRecord,
  sessionId: string,
): Promise<Response> {
  const { site, publicKey, host, address: ip } = record
  const found = await identity.sessions.get(sessionId)
  // Signed out before the machine came for it.
  if (found === undefined || site === undefined || publicKey === undefined)
    return refusePoll(c, { state: 'denied' })
  const { session } = found
  const issued = await publishers.issue({ site, person: factsOf(session), host, ip })
  const expires_at = new Date(issued.expiresAtMs).toISOString()
  audit.record({
    kind: 'sign-in',
    event: 'publish credential issued',
    session,
    ...askerOf(c),
    details: {
      'publisher-id': issued.id,
      site,
      expires: expires_at,
      device: deviceId(record),
      host,
      'requester-ip': ip,
    },
  })
  const { id, secret } = issued
  return sendJson(
    c,
    encodeTokenAnswer(await sealCredential(publicKey, { id, secret, site, expires_at })),
  )
}
