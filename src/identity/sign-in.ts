import { AccessError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { show } from '../schema.ts'
import type { SessionClient } from '../store/store.ts'
import { UnfinishedSignIn } from './pending-flow.ts'
import type { PendingFlow, PendingFlows, SignInTarget } from './pending-flow.ts'
import { callbackPathOf } from './callback-path.ts'
import type { NamedProvider, Providers } from './providers.ts'
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
  /**
   * Throws `UnfinishedSignIn` when the provider of that id cannot be asked, or is none of ours
   * (`provider-unknown`), and `LimitedError`.
   */
  begin(
    request: BrowserRequest & { readonly target: SignInTarget; readonly provider: string },
  ): Promise<BegunSignIn>
  /**
   * Takes the query of a provider's callback (`?code=…&state=…`) and the browser's cookies, and stores a session.
   * Throws the `AccessError`s of `PendingFlows.take`, and `UnfinishedSignIn` with those of the provider
   * or `another-person` or `user-id-reserved`.
   */
  finish(
    callback: BrowserRequest & { readonly search: string; readonly provider: string },
  ): Promise<FinishedSignIn>
}

/** Does `work`, and tells how long it took. */
export type Step = <T>(name: string, work: () => Promise<T>) => Promise<T>

export interface SignInParts {
  /** **Default:** nobody is told */
  readonly step?: Step | undefined
  readonly providers: Providers
  readonly sessions: Pick<Sessions, 'create' | 'confirm'>
  readonly pendingFlows: PendingFlows
  readonly limits: SignInLimits
  readonly log: Logger
  /** Where providers send the browser back to; a request's `Host` plays no part. */
  readonly origin: URL
}

export function createSignIn(parts: SignInParts): SignIn {
  const { providers, sessions, pendingFlows, limits, origin, log } = parts
  const { step = (_name, work) => work() } = parts
  const callbackUrl = (provider: string): URL => new URL(callbackPathOf(provider), origin)

  /** Who it is, by the provider's word; a refusal remembers where its asker waits. */
  async function ask(provider: NamedProvider, callback: URL, flow: PendingFlow) {
    try {
      const exchange = () => provider.exchange(callback, flow)
      const { userId, ...tokens } = await step('exchange code', exchange)
      const claims = await step('read claims', () =>
        provider.claims(tokens, userId, ({ organizations, hint }) =>
          log.warn('organizations are hidden by single sign-on', {
            provider: provider.id,
            user: userId,
            organizations: organizations.join(' '),
            hint,
          }),
        ),
      )
      return { userId, tokens, claims }
    } catch (error) {
      throw unfinished(error, flow)
    }
  }

  async function complete({
    search,
    provider: answering,
    cookieHeader,
    address,
  }: Parameters<SignIn['finish']>[0]): Promise<FinishedSignIn> {
    const state = new URLSearchParams(search).get('state') ?? ''
    const flow = await pendingFlows.take(state, answering, cookieHeader)
    const provider = providers.get(flow.provider)
    if (provider === undefined) throw unfinished(unknownProvider(flow.provider), flow)
    const callback = callbackUrl(provider.id)
    callback.search = search
    const { userId, tokens, claims } = await ask(provider, callback, flow)
    const { device, renews } = flow.target
    if (device !== undefined && device.userId !== userId) throw anotherPerson(flow)
    const { id, issuer } = provider
    const from = { device: device?.host, address: device?.address ?? address }
    const vouched = { userId, provider: id, issuer, tokens, claims }
    const signedIn = { ...vouched, ...from, client: clientOf(flow.target) }
    const done = await keep(signedIn, renews).catch((error: unknown) => {
      throw unfinished(error, flow)
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
    async begin({ target, provider: wanted, cookieHeader, address }) {
      limits.begin(address)
      const provider = providers.get(wanted)
      if (provider === undefined)
        throw new UnfinishedSignIn(unknownProvider(wanted), target, undefined)
      const { id } = provider
      const { checks, cookies } = await pendingFlows.begin(target, id, cookieHeader)
      const ask = () => provider.authorizationUrl(callbackUrl(id), checks)
      const location = await step('ask for the sign-in', ask).catch((error: unknown) => {
        throw unfinished(error, { target, provider: id })
      })
      return { location, cookies }
    },
    finish: (callback) => limits.finish(callback.address, () => complete(callback)),
  }
}

/** A browser's own session is one for which nobody waits beside it. */
function clientOf({ device, carries }: SignInTarget): SessionClient {
  if (device !== undefined) return 'device'
  return carries === 'nothing' ? 'browser' : 'command-line'
}

type Begun = Pick<PendingFlow, 'target' | 'provider'>

function unfinished(error: unknown, { target, provider }: Begun): unknown {
  return error instanceof AccessError ? new UnfinishedSignIn(error, target, provider) : error
}

/** It was there when the sign-in was begun, or an address names one that never was. */
function unknownProvider(id: string): AccessError {
  const text = `this gateway has no sign-in service ${show(id)}`
  return new AccessError('provider-unknown', text, { hint: 'start again where you came from' })
}

/** The provider may know several people in one browser, and offer to change between them. */
function anotherPerson({ target, provider }: PendingFlow): UnfinishedSignIn {
  const text = 'somebody else came back from the sign-in than had approved the machine'
  const hint = 'begin again on the machine, and stay the same person throughout'
  return new UnfinishedSignIn(new AccessError('another-person', text, { hint }), target, provider)
}
