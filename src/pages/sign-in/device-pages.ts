import { AccessError } from '../../errors.ts'
import { formatUserCode, parseUserCode } from '../../identity/device-codes.ts'
import type { SignInTarget } from '../../identity/pending-flow.ts'
import type { Session } from '../../identity/session.ts'
import type { DeviceCodeRecord } from '../../store/store.ts'
import { userCodeParameter } from '../../tunnel/device.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { limitBody } from '../answers/body.ts'
import { createPageApp, sendPage, type PageApp, type PageContext } from '../answers/page-app.ts'
import {
  deviceCodePage,
  deviceDonePage,
  deviceFields,
  deviceQuestionPage,
} from '../html/device-page.ts'
import { decide, findOpen, isMadeFor } from './device-decision.ts'
import { requireDeviceLogin, signedInMachine } from './device-sign-in.ts'
import { signInAndReturn } from './choice.ts'
import { onlyOn } from './one-origin.ts'
import type { SignInParts } from './parts.ts'

/**
 * A form has a code, a token and two words.
 *
 * @limit the form that approves a machine: 413 `request_too_large`
 */
const maxFormBytes = 4096

/**
 * Where a person signs in a machine without a browser: a page that asks for the code, one that shows
 * what asks for what, and the form on it, which alone changes anything.
 */
export function createDevicePages(parts: SignInParts): PageApp {
  const { origin } = parts
  const app = createPageApp()
  for (const path of [gatewayPaths.device, gatewayPaths.deviceDone]) app.use(path, onlyOn(origin))
  app.use(gatewayPaths.device, limitBody(maxFormBytes))
  app.use(gatewayPaths.device, async (_, next) => {
    requireDeviceLogin(parts)
    await next()
  })
  app.get(gatewayPaths.device, async (c) => show(c, parts))
  app.post(gatewayPaths.device, async (c) => decide(c, parts))
  app.get(gatewayPaths.deviceDone, (c) => sendPage(c, deviceDonePage(signedInMachine(c, parts))))
  return app
}

async function show(c: PageContext, parts: SignInParts): Promise<Response> {
  const { identity } = parts
  const typed = c.req.query(userCodeParameter) ?? ''
  const userCode = parseUserCode(typed)
  const found = await identity.fromCookie(c.req.header('cookie'))
  if (found === undefined) return signInFirst(c, parts, userCode)
  if (typed === '') return sendPage(c, deviceCodePage())
  if (userCode === undefined) {
    return sendPage(
      c,
      deviceCodePage('A code has eight letters and no vowel, such as WDJB-MJHT.'),
      404,
    )
  }
  try {
    const record = await findOpen(c, parts, userCode, found.session)
    return sendPage(c, questionPage(c, parts, record, found.session))
  } catch (error) {
    if (!(error instanceof AccessError && error.code === 'device-code-unknown')) throw error
    const fault =
      'This code is wrong, already used or older than 10 minutes. Compare it with the terminal.'
    return sendPage(c, deviceCodePage(fault), 404)
  }
}

/**
 * Signs the person in, and comes back. What they typed is kept only if it can be a code; then the session is for its
 * machine, so that they are led to the provider once.
 */
async function signInFirst(
  c: PageContext,
  parts: SignInParts,
  userCode: string | undefined,
): Promise<Response> {
  const { origin } = parts
  const page = new URL(gatewayPaths.device, origin)
  if (userCode !== undefined) page.searchParams.set(userCodeParameter, formatUserCode(userCode))
  const target: SignInTarget = { returnTo: page.href, carries: 'nothing', userCode }
  return signInAndReturn(c, parts, target)
}

function questionPage(
  c: PageContext,
  parts: SignInParts,
  record: DeviceCodeRecord,
  session: Session,
): string {
  const { identity } = parts
  const given = c.req.query(deviceFields.signInToken)
  const signInToken =
    given !== undefined && isMadeFor(parts, record, session, given) ? given : undefined
  // The machine connects from there, and policies may go by that.
  const client = { ip: record.address, endpoints: undefined }
  const onMachine = { client, session, sessionVersion: undefined }
  return deviceQuestionPage({
    code: formatUserCode(record.userCode),
    host: record.host,
    command: record.command,
    address: record.address,
    person: session.email ?? session.name ?? session.userId,
    untilMs: signInToken === undefined ? identity.sessionSpan().expiresAtMs : session.expiresAtMs,
    routes: parts.routesFor(onMachine).map(({ name }) => name),
    formToken: identity.deviceFormToken({
      sessionId: session.id,
      secretHash: record.secretHash,
    }),
    signInToken,
  })
}
