import { isLoopbackHost, withoutRootDot } from '../../address.ts'
import { AccessError, PeerError } from '../../errors.ts'
import type { SignInTarget } from '../../identity/pending-flow.ts'
import { readForm } from '../answers/body.ts'
import { sendPage, type PageContext } from '../answers/page-app.ts'
import { sendOnward } from '../answers/onward.ts'
import { programDeniedPage, programQuestionPage, questionFields } from '../html/program-page.ts'
import { failSignIn } from './failed-sign-in.ts'
import { askWhich } from './choice.ts'
import { isSentByAnotherSite, refuseForeign } from './one-origin.ts'
import { leadOn } from './lead-on.ts'
import type { SignInParts } from './parts.ts'

/**
 * Whether a person is asked before a sign-in is begun. A program on a loopback port could be anybody's,
 * and a page of another site can lead a browser here as well as the program can; the browser says
 * which it was. It is decided here alone: at the callback a provider leads, some of them by a script.
 */
export function isAskedFirst(c: PageContext, target: SignInTarget): boolean {
  return leadsToProgram(target) && isSentByAnotherSite(c)
}

/** Other hosts than loopback are named by the operator, who vouches for what runs there. */
function leadsToProgram({ carries, returnTo }: SignInTarget): boolean {
  return carries !== 'nothing' && isLoopbackHost(withoutRootDot(new URL(returnTo).hostname))
}

/** Asks who sent the browser here. */
export async function askFirst(
  c: PageContext,
  { identity }: SignInParts,
  target: SignInTarget,
): Promise<Response> {
  const found = await identity.fromCookie(c.req.header('cookie'))
  const { pathname, search } = new URL(c.req.url)
  const question = {
    program: new URL(target.returnTo).host,
    // A renewal ends neither as this session nor with it: the provider says who it is.
    session: target.renews === undefined ? found?.session : undefined,
    action: `${pathname}${search}`,
  }
  return sendPage(c, programQuestionPage(question))
}

/** Takes the answer, and begins the sign-in or tells the program that there will be none. */
export async function takeAnswer(
  c: PageContext,
  parts: SignInParts,
  target: SignInTarget,
): Promise<Response> {
  refuseForeign(c, parts.origin, 'start again where you came from, and answer on the page itself')
  if (!leadsToProgram(target)) return c.notFound()
  const { [questionFields.decision]: decision } = await readForm(c)
  if (decision === 'deny') return deny(c, parts, target)
  if (decision !== 'approve') throw new PeerError('malformed-request', 'this form has no answer')
  const begun = await leadOn(c, parts, target)
  if (begun === undefined) return askWhich(c, parts)
  return sendOnward(c, 'Sign in a program', begun.location, begun.cookies)
}

async function deny(c: PageContext, parts: SignInParts, target: SignInTarget): Promise<Response> {
  const denied = new AccessError('sign-in-denied', 'the sign-in was denied in the browser')
  const waiting = await failSignIn(c, parts, denied, target)
  return waiting === undefined
    ? sendPage(c, programDeniedPage())
    : sendOnward(c, 'Denied', waiting, [])
}
