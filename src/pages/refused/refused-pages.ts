import type { RouteAsked } from '../../access/access-grant.ts'
import { seesIn, type RoleOf } from '../../access/administrators.ts'
import type { Caller } from '../../access/caller.ts'
import type { Denial } from '../../access/denial.ts'
import { AccessError, AppError } from '../../errors.ts'
import type { LiveSession } from '../../identity/sessions.ts'
import type { AccessRequest } from '../../requests/access-request.ts'
import type { Route } from '../../routes/route.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { limitBody, readForm } from '../answers/body.ts'
import {
  callerOf,
  createPageApp,
  sendPage,
  type PageApp,
  type PageContext,
} from '../answers/page-app.ts'
import {
  askedPage,
  askFields,
  noRefusalPage,
  refusedPage,
  type AskForm,
  type Standing,
} from '../html/refused-page.ts'
import { signInAndReturn } from '../sign-in/choice.ts'
import { onlyOn, refuseForeign } from '../sign-in/one-origin.ts'
import type { SignInParts } from '../sign-in/parts.ts'
import { findDenial, type FindableDenials } from './denials.ts'

/** What somebody asks for on the page of a refusal. */
export interface AskedOnPage {
  readonly route: string
  readonly for_seconds: number
  readonly reason: string
}

/** What the pages of refusals need. */
export interface RefusedParts extends SignInParts {
  readonly denials: FindableDenials
  readonly roleOf: RoleOf
  /** The route as it is now; undefined once it is gone. */
  routeById(id: string): Route | undefined
  /** Whether somebody may use it, asking would help them, or neither. */
  standingOf(caller: Caller, route: Route): 'allowed' | 'may-ask' | 'none'
  pendingOf(userId: string, route: RouteAsked): Pick<AccessRequest, 'id'> | undefined
  requestAccess(
    c: PageContext,
    found: LiveSession,
    wish: AskedOnPage,
  ): Promise<{ readonly id: string }>
}

/**
 * A form has a token, a number and a reason of 500 characters, each of which may take 12 bytes.
 *
 * @limit the form that asks for access on the page of a refusal: 413 `request_too_large`
 */
const maxFormBytes = 8192

/** The form offers those that are shorter than the route allows, in seconds, and that itself. */
const usualSeconds: readonly number[] = [900, 3_600, 4 * 3_600, 8 * 3_600, 24 * 3_600]

/**
 * Why somebody was refused, for that person and for administrators of the route. To everybody else, and for an id that
 * nobody has, it is the same page that there is nothing here: whoever is not signed in is sent to sign in first,
 * whatever the id.
 */
export function createRefusedPages(parts: RefusedParts): PageApp {
  const app = createPageApp()
  const path = `${gatewayPaths.refused}:id` as const
  app.use(path, onlyOn(parts.origin))
  app.use(path, limitBody(maxFormBytes))
  app.get(path, async (c) => show(c, parts))
  app.post(path, async (c) => ask(c, parts))
  return app
}

async function show(c: PageContext, parts: RefusedParts): Promise<Response> {
  const id = c.req.param('id') ?? ''
  const found = await parts.identity.fromCookie(c.req.header('cookie'))
  if (found === undefined) return signInFirst(c, parts)
  const caller = callerOf(c, found)
  const denial = await findFor(id, found, caller, parts)
  if (denial === undefined) return sendPage(c, noRefusalPage(), 404)
  return sendDenial(c, parts, { denial, found })
}

function findFor(
  id: string,
  { session }: LiveSession,
  caller: Caller,
  { denials, roleOf }: RefusedParts,
): Promise<Denial | undefined> {
  const isOwn = (denial: Denial): boolean => denial.userId === session.userId
  return findDenial(denials, id, (it) => isOwn(it) || seesIn(roleOf(caller), it.namespace))
}

interface Shown {
  readonly denial: Denial
  readonly found: LiveSession
  readonly fault?: string
  /** What the form was sent with. */
  readonly sent?: AskForm['sent']
}

function sendDenial(
  c: PageContext,
  parts: RefusedParts,
  { denial, found, fault, sent }: Shown,
): Response {
  const isForAdmin = denial.userId !== found.session.userId
  const standing = isForAdmin ? noStanding : standingNow(c, parts, { denial, found, sent })
  const action = gatewayPaths.refused + encodeURIComponent(denial.id)
  return sendPage(c, refusedPage({ denial, isForAdmin, standing, action, fault }))
}

const noStanding: Standing = { kind: 'none' }

function standingNow(
  c: PageContext,
  parts: RefusedParts,
  { denial, found, sent }: Shown,
): Standing {
  const route = parts.routeById(denial.routeId)
  if (route === undefined) return noStanding
  const kind = parts.standingOf(callerOf(c, found), route)
  if (kind !== 'may-ask') return { kind }
  const pending = parts.pendingOf(denial.userId, route)
  if (pending !== undefined) return { kind: 'pending', id: pending.id }
  const maxSeconds = (route.approval?.maxMs ?? 0) / 1000
  const shorter = usualSeconds.filter((seconds) => seconds < maxSeconds)
  const formToken = parts.identity.deviceFormToken(formOf(found, denial.id))
  return {
    kind,
    form: { choices: [...shorter, Math.floor(maxSeconds)], formToken, sent },
  }
}

/** No code of a machine begins like this: the two forms never share a token. */
function formOf({ session }: LiveSession, id: string) {
  return { sessionId: session.id, secretHash: `refused ${id}` }
}

async function ask(c: PageContext, parts: RefusedParts): Promise<Response> {
  refuseForeign(c, parts.origin, 'open the page of this gateway yourself')
  const found = await parts.identity.fromCookie(c.req.header('cookie'))
  if (found === undefined) throw new AccessError('sign-in-required', 'you are no longer signed in')
  const id = c.req.param('id') ?? ''
  const denial = await findFor(id, found, callerOf(c, found), parts)
  if (denial === undefined || denial.userId !== found.session.userId)
    return sendPage(c, noRefusalPage(), 404)
  const form = await readForm(c)
  const field = (name: string): string => {
    const value = form[name]
    return typeof value === 'string' ? value : ''
  }
  if (!parts.identity.isDeviceFormToken(formOf(found, denial.id), field(askFields.formToken)))
    throw new AccessError('form-not-ours', 'this form was not made for this browser', {
      hint: 'open the page again',
    })
  const sent = { reason: field(askFields.reason), seconds: Number(field(askFields.forSeconds)) }
  try {
    const wish = { route: denial.routeId, for_seconds: sent.seconds, reason: sent.reason }
    const asked = await parts.requestAccess(c, found, wish)
    return sendPage(c, askedPage(denial.routeName, asked.id))
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const fault = [error.message, error.hint].filter((it) => it !== undefined).join(': ')
    return sendDenial(c, parts, { denial, found, fault, sent })
  }
}

/** Signs the person in, and comes back. */
async function signInFirst(c: PageContext, parts: RefusedParts): Promise<Response> {
  const { pathname } = new URL(c.req.url)
  const target = { returnTo: new URL(pathname, parts.origin).href, carries: 'nothing' } as const
  return signInAndReturn(c, parts, target)
}
