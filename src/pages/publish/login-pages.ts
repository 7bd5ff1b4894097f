import { AccessError } from '../../errors.ts'
import { formatUserCode, parseUserCode } from '../../identity/device-codes.ts'
import type { SignInTarget } from '../../identity/pending-flow.ts'
import type { Session } from '../../identity/session.ts'
import { publishCredentialLifeMs } from '../../publish/publisher.ts'
import type { DeviceCodeRecord } from '../../store/store.ts'
import { userCodeParameter } from '../../tunnel/device.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { limitBody } from '../answers/body.ts'
import { createPageApp, sendPage, type PageApp, type PageContext } from '../answers/page-app.ts'
import { deviceCodePage } from '../html/device-page.ts'
import {
  nothingToPublishPage,
  publishDeniedPage,
  publishDonePage,
  publishQuestionPage,
  siteField,
} from '../html/publish-page.ts'
import { decisionEntry, findOpen, readDecision } from '../sign-in/device-decision.ts'
import { signInAndReturn } from '../sign-in/choice.ts'
import { onlyOn } from '../sign-in/one-origin.ts'
import { factsOf, requireSites, type PublishLoginParts } from './login-parts.ts'

/**
 * A form has a code, a token, a site and two words.
 *
 * @limit the form that lets a machine publish: 413 `request_too_large`
 */
const maxFormBytes = 4096

/**
 * Where a person lets a machine publish below a site. The page may be opened on any machine; the form on it
 * alone changes anything, and only as sent by this very page to the browser of that person.
 */
export function createPublishLoginPages(parts: PublishLoginParts): PageApp {
  const app = createPageApp()
  const path = gatewayPaths.publishLogin
  app.use(path, onlyOn(parts.origin))
  app.use(path, limitBody(maxFormBytes))
  app.use(path, async (_, next) => {
    requireSites(parts)
    await next()
  })
  app.get(path, async (c) => show(c, parts))
  app.post(path, async (c) => decide(c, parts))
  return app
}

const words = {
  heading: 'Publish from a machine',
  lead: 'Type the code that "postern tunnel login" shows in the terminal of that machine.',
  action: gatewayPaths.publishLogin,
}

async function show(c: PageContext, parts: PublishLoginParts): Promise<Response> {
  const typed = c.req.query(userCodeParameter) ?? ''
  const userCode = parseUserCode(typed)
  const found = await parts.identity.fromCookie(c.req.header('cookie'))
  if (found === undefined) return signInFirst(c, parts, userCode)
  if (typed === '') return sendPage(c, deviceCodePage(undefined, words))
  if (userCode === undefined)
    return sendPage(
      c,
      deviceCodePage('A code has eight letters and no vowel, such as WDJB-MJHT.', words),
      404,
    )
  try {
    const record = await findOpen(c, parts, userCode, found.session, 'publish')
    return questionPage(c, parts, record, found.session)
  } catch (error) {
    if (!(error instanceof AccessError && error.code === 'device-code-unknown')) throw error
    const fault =
      'This code is wrong, already used or older than 10 minutes. Compare it with the terminal.'
    return sendPage(c, deviceCodePage(fault, words), 404)
  }
}

/** Signs the person in, and comes back. What they typed is kept only if it can be a code. */
async function signInFirst(
  c: PageContext,
  parts: PublishLoginParts,
  userCode: string | undefined,
): Promise<Response> {
  const page = new URL(gatewayPaths.publishLogin, parts.origin)
  if (userCode !== undefined) page.searchParams.set(userCodeParameter, formatUserCode(userCode))
  const target: SignInTarget = { returnTo: page.href, carries: 'nothing' }
  return signInAndReturn(c, parts, target)
}

function questionPage(
  c: PageContext,
  { identity, publishers }: PublishLoginParts,
  record: DeviceCodeRecord,
  session: Session,
): Response {
  const { secretHash, userCode, host, command, address } = record
  const person = session.email ?? session.name ?? session.userId
  // The machine publishes from there, and policies may go by that.
  const sites = publishers.sitesFor(factsOf(session), address)
  if (sites.length === 0) return sendPage(c, nothingToPublishPage(person), 403)
  const page = publishQuestionPage({
    code: formatUserCode(userCode),
    host,
    command,
    address,
    person,
    untilMs: record.createdAtMs + publishCredentialLifeMs,
    sites: sites.map(({ name }) => name),
    formToken: identity.deviceFormToken({ sessionId: session.id, secretHash }),
  })
  return sendPage(c, page)
}

async function decide(c: PageContext, parts: PublishLoginParts): Promise<Response> {
  const { record, session, said, field } = await readDecision(c, parts, 'publish')
  if (said === 'deny') return deny(c, parts, record, session)
  return approve(c, parts, record, { session, site: field(siteField) })
}

async function approve(
  c: PageContext,
  { identity, publishers, audit }: PublishLoginParts,
  record: DeviceCodeRecord,
  { session, site: name }: { readonly session: Session; readonly site: string },
): Promise<Response> {
  const site = publishers.sitesFor(factsOf(session), record.address).find((it) => it.name === name)
  if (site === undefined)
    throw new AccessError('publish-denied', 'no site was chosen that you may publish to', {
      hint: 'go back, and choose one of those shown',
    })
  const { userId, id: sessionId } = session
  await identity.deviceCodes.approve(record, userId)
  const attached = { userId, sessionId, site: site.name }
  if (!(await identity.deviceCodes.attach(record.secretHash, attached)))
    throw new AccessError('device-code-over', 'the code of this machine is no longer valid', {
      hint: 'ask for a new one in its terminal',
    })
  const entry = decisionEntry(c, record, session)
  const details = { ...entry.details, site: site.name }
  audit.record({ event: 'publish code approved', ...entry, details })
  return sendPage(c, publishDonePage(site.name))
}

async function deny(
  c: PageContext,
  { identity, audit }: PublishLoginParts,
  record: DeviceCodeRecord,
  session: Session,
): Promise<Response> {
  await identity.deviceCodes.deny(record.secretHash)
  audit.record({ event: 'publish code denied', ...decisionEntry(c, record, session) })
  return sendPage(c, publishDeniedPage())
}
