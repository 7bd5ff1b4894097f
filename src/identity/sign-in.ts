import { AccessError } from '../errors.ts'
import { UnfinishedSignIn } from './pending-flow.ts'
import type { PendingFlow, PendingFlows, SignInTarget } from './pending-flow.ts'
import type { Provider } from './provider.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import type { SignedIn } from './signed-in.ts'
import type { SignInLimits } from './sign-in-limits.ts'

/** Where the browser goes to sign in, and the `Set-Cookie` values that tie the sign-in to it. */
export interface BegunSignIn {
  readonly location: URL
  readonly cookies: readonly string[]
}

export interface FinishedSignIn {
  readonly session: Session
  /** Whether it is the one that was to be renewed, which its code prolongs. */
  readonly isRenewal: boolean
  /** As it was given to `begin`. */
  readonly target: SignInTarget
}

/** What a browser that signs in brings with each request. */
export interface BrowserRequest {
  readonly cookieHeader: string | undefined
  /** As the gateway saw it. */
  readonly address: string
}

/** The two halves of a sign-in: away to the provider, and back from it. */
export interface SignIn {
  /** Throws `UnfinishedSignIn` when the provider cannot be asked, and `LimitedError`. */
  begin(request: BrowserRequest & { readonly target: SignInTarget }): Promise<BegunSignIn>
  /**
   * Takes the callback's query (`?code=…&state=…`) and the browser's cookies, and stores a session.
   * Throws the `AccessError`s of `PendingFlows.take`, and `UnfinishedSignIn` with those of the provider
   * or `another-person` or `user-id-reserved`.
   */
  finish(callback: BrowserRequest & { readonly search: string }): Promise<FinishedSignIn>
}

export interface SignInParts {
  readonly provider: Provider
  readonly sessions: Pick<Sessions, 'create' | 'confirm'>
  readonly pendingFlows: PendingFlows
  readonly limits: SignInLimits
  /** Where the provider sends the browser back to; a request's `Host` plays no part. */
  readonly callbackUrl: URL
}

export function createSignIn(parts: SignInParts): SignIn {
  const { provider, sessions, pendingFlows, limits, callbackUrl } = parts

  /** Who it is, by the provider's word; a refusal remembers where its asker waits. */
  async function ask(callback: URL, flow: PendingFlow) {
    try {
      const { userId, ...tokens } = await provider.exchange(callback, flow)
      return { userId, tokens, claims: await provider.claims(tokens, userId) }
    } catch (error) {
      throw unfinished(error, flow.target)
    }
  }

  async function complete(
    search: string,
    cookieHeader: string | undefined,
  ): Promise<FinishedSignIn> {
    const state = new URLSearchParams(search).get('state') ?? ''
    const flow = await pendingFlows.take(state, cookieHeader)
    const callback = new URL(callbackUrl)
    callback.search = search
    const { userId, tokens, claims } = await ask(callback, flow)
    const { device, renews } = flow.target
    if (device !== undefined && device.userId !== userId) throw anotherPerson(flow)
    const { issuer } = provider
    const signedIn = { userId, issuer, tokens, claims, device: device?.host }
    const done = await keep(signedIn, renews).catch((error: unknown) => {
      throw unfinished(error, flow.target)
    })
    return { ...done, target: flow.target }
  }

  /** Somebody else's session, or one that has ended meanwhile, is renewed by nobody: they get one of their own. */
  async function keep(signedIn: SignedIn, renews: string | undefined) {
    const same = renews === undefined ? undefined : await sessions.confirm(renews, signedIn)
    if (same !== undefined) return { session: same, isRenewal: true }
    return { session: await sessions.create(signedIn), isRenewal: false }
  }

  return {
    async begin({ target, cookieHeader, address }) {
      limits.begin(address)
      const { checks, cookies } = await pendingFlows.begin(target, cookieHeader)
      const location = await provider
        .authorizationUrl(callbackUrl, checks)
        .catch((error: unknown) => {
          throw unfinished(error, target)
        })
      return { location, cookies }
    },
    finish: ({ search, cookieHeader, address }) =>
      limits.finish(address, () => complete(search, cookieHeader)),
  }
}

function unfinished(error: unknown, target: SignInTarget): unknown {
  return error instanceof AccessError ? new UnfinishedSignIn(error, target) : error
}

/** The provider may know several people in one browser, and offer to change between them. */
function anotherPerson({ target }: PendingFlow): UnfinishedSignIn {
  const text = 'somebody else came back from the sign-in than had approved the machine'
  const hint = 'begin again on the machine, and stay the same person throughout'
  return new UnfinishedSignIn(new AccessError('another-person', text, { hint }), target)
}
