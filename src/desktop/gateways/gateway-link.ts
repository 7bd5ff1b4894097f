import type { Clock } from '../../clock.ts'
import { createGatewayClient, type GatewayClient } from '../../client/gateway-client.ts'
import type { PresentSignIn } from '../../client/sign-in/browser-sign-in.ts'
import type { SignInOptions } from '../../client/sign-in/credentials-of.ts'
import { logIn } from '../../client/sign-in/login.ts'
import { logOut } from '../../client/sign-in/logout.ts'
import { createSessionApi, type TokenOwner } from '../../client/sign-in/session-api.ts'
import { tokenCacheFor } from '../../client/sign-in/token-cache.ts'
import { messageOf } from '../../errors.ts'
import { createDialer } from '../../reach/dialer.ts'
import { createSendToGateway } from '../../reach/gateway-request.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import type { SignInAnswer } from '../wire/calls.ts'
import type { GatewayView } from '../wire/view.ts'
import { watchSession, type SessionNews, type SessionUse } from './session-watch.ts'
import { kindOf, troubleOf } from './trouble.ts'

/** How every gateway is reached and signed in to by one daemon. */
export interface Surroundings extends Pick<SignInOptions, 'proxies' | 'log' | 'cacheDirectory'> {
  readonly clock: Clock
  /** Opens an address in the person's browser; calls back where none could be. */
  readonly openBrowser: (url: string, onFailed: () => void) => void
}

export interface GatewayLinkParts extends Surroundings, Pick<SignInOptions, 'gateway' | 'trust'> {
  /** Told when `view` is another than before. */
  readonly onChange: () => void
  /** Whether connections of it are up, or somebody looks. */
  readonly isWanted: () => boolean
  /** How much its session is in use: only then is it renewed by itself. */
  readonly use: () => SessionUse
  /** Told what becomes of its session. */
  readonly onSession: (news: SessionNews) => void
}

/** One gateway as one person uses it: its tunnels, its session, and whether it is there. */
export interface GatewayLink {
  readonly client: GatewayClient
  readonly view: GatewayView
  /** How its own paths are asked. */
  readonly signInOptions: SignInOptions
  /** A tunnel was opened. */
  heardWell(): void
  /** A tunnel was not opened, or has ended before its programs did. */
  heard(error: unknown): void
  /** Asks it whether it is there and who is signed in; at most one question at a time. Never rejects. */
  check(): Promise<void>
  /**
   * Begins a sign-in, or joins the one under way; resolves once there is an address or a session. With
   * `isRenewal` whoever is signed in already signs in again, and their session goes on.
   */
  signIn(isRenewal?: boolean): Promise<SignInAnswer>
  /** Ends the session there and forgets it here; false where there was none. */
  signOut(): Promise<boolean>
  /** Ends its tunnels and whatever is under way. */
  destroy(): Promise<void>
}

/**
 * Time for the answer whether a gateway is there, in milliseconds.
 *
 * @limit time for a gateway to answer the daemon whether it is there: it counts as unreachable, and is asked again
 */
const checkTimeoutMs = 4_000
/** Between two questions to one that is away, in milliseconds: twice as long each time. */
const retryMs = { first: 1_000, longest: 30_000 }

/** How soon a program that opens addresses says that it cannot, in milliseconds. */
const openerMs = 1_000
/** How often is looked whether another process has begun a sign-in, in milliseconds. */
const elsewhereMs = 500

/** How often is looked whether another program has signed in or out, in milliseconds: one small file is read. */
const cacheLookMs = 2_000

const nobody: Partial<TokenOwner> = {}

/** Makes the link to a gateway. Asks nothing yet. */
export function createGatewayLink(parts: GatewayLinkParts): GatewayLink {
  const { gateway, clock, openBrowser, onChange, isWanted, use } = parts
  const ending = new AbortController()
  const state: {
    reach: GatewayView['reach']
    session: GatewayView['session']
    trouble: GatewayView['trouble']
    owner: Partial<TokenOwner>
    url: string | undefined
  } = { reach: 'unknown', session: 'unknown', trouble: undefined, owner: nobody, url: undefined }
  const waiting = new Set<() => void>()

  function change(changes: Partial<typeof state>): void {
    const isSame = Object.entries(changes).every(
      ([key, value]) => Reflect.get(state, key) === value,
    )
    if (isSame) return
    Object.assign(state, changes)
    onChange()
    for (const wake of waiting) wake()
  }

  const presentSignIn: PresentSignIn = (url, tab, onFailed) => {
    // Until it is renewed the session is as good as before.
    const session = watch.renewal === 'under-way' ? state.session : 'wanted'
    change({ url, session, reach: 'reachable', trouble: undefined })
    if (tab === 'open' && !isOpenedByPage) openBrowser(url, onFailed)
  }

  function onSignInOver(hasToken: boolean): void {
    change(hasToken ? { url: undefined, session: 'signed-in' } : { url: undefined })
    // Beside a look under way, which may have begun without its token.
    void Promise.resolve(checking).then(check)
  }

  const options: SignInOptions = {
    gateway,
    trust: parts.trust,
    proxies: parts.proxies,
    log: parts.log,
    cacheDirectory: parts.cacheDirectory,
    command: 'postern desktop',
    unreachableHint: 'check the network, the name, and the gateway of the connection',
    strangerHint:
      "give the connection its certificate authority, or the address that the gateway's certificate is for",
    presentSignIn,
    onSignInOver,
  }
  const client = createGatewayClient(options)
  const send = createSendToGateway(createDialer(options))
  const sessions = createSessionApi(send)
  const cache = tokenCacheFor({ ...options, log: parts.log })

  /** Whether a page of ours opens the address of the renewal under way. */
  let isOpenedByPage = false
  const watch = watchSession({
    clock,
    use,
    look: check,
    renew: (signal) => client.renew(signal),
    tell(news) {
      parts.onSession(news)
      if (news.kind === 'renewed') checkAfresh()
    },
  })

  let checking: Promise<void> | undefined
  let retry: Disposable | undefined
  let failures = 0
  /** Why it was not reached last; undefined where it was. */
  let failure: Error | undefined
  let expiry: Disposable | undefined
  let cacheLook: Disposable | undefined

  async function look(): Promise<void> {
    retry?.[Symbol.dispose]()
    retry = undefined
    const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(checkTimeoutMs)])
    try {
      const token = await cache.read()
      const owner = token === undefined ? undefined : await sessions.ownerOf(token, signal)
      if (token === undefined) await send({ method: 'GET', path: gatewayPaths.health }, signal)
      isThere()
      if (owner === undefined) change({ session: 'wanted', owner: nobody })
      else {
        const url = watch.renewal === 'under-way' ? state.url : undefined
        change({ session: 'signed-in', owner: sameOwner(state.owner, owner), url })
      }
      followExpiry(owner?.expiresAt)
      watch.follow(owner?.expiresAt)
      followCache(token)
    } catch (error) {
      if (!ending.signal.aborted) isAway(error)
    }
  }

  function check(): Promise<void> {
    checking ??= look().finally(() => (checking = undefined))
    return checking
  }

  /** Behind one that is under way, which may have begun with the former token, or with none. */
  function checkAfresh(): void {
    void Promise.resolve(checking).then(check)
  }

  function isThere(): void {
    failures = 0
    failure = undefined
    change({ reach: 'reachable', trouble: undefined })
  }

  function isAway(error: unknown): void {
    const kind = kindOf(error)
    const code = kind === 'gateway-unreachable' ? {} : { code: 'gateway-unreachable' }
    const trouble = { ...troubleOf(error, clock.now()), ...code }
    const isSame = state.trouble?.message === trouble.message
    change({ reach: 'unreachable', ...(!isSame && { trouble }) })
    failures += 1
    failure = error instanceof Error ? error : new Error(messageOf(error))
    if (!isWanted() || ending.signal.aborted) return
    const delayMs = Math.min(retryMs.first * 2 ** (failures - 1), retryMs.longest)
    retry ??= clock.schedule(delayMs, () => void check())
  }

  /** At its end, that it has ended. */
  function followExpiry(expiresAt: string | undefined): void {
    expiry?.[Symbol.dispose]()
    expiry = undefined
    if (expiresAt === undefined) return
    const leftMs = Date.parse(expiresAt) - clock.now()
    if (leftMs > 0) expiry = clock.schedule(leftMs + 1_000, () => void check())
  }

  /** A person who signs in or out by another program has another token than this one, or none. */
  function followCache(token: string | undefined): void {
    cacheLook?.[Symbol.dispose]()
    cacheLook = undefined
    if (!isWanted() || ending.signal.aborted) return
    cacheLook = clock.schedule(cacheLookMs, () => {
      void cache.read().then((now) => (now === token ? followCache(token) : check()))
    })
  }

  return {
    client,
    signInOptions: options,
    get view() {
      const { reach, session, trouble, owner, url } = state
      const person = owner.email ?? owner.name ?? owner.userId
      return {
        origin: gateway.origin,
        reach,
        session,
        ...(trouble !== undefined && { trouble }),
        ...(person !== undefined && { person }),
        ...(owner.expiresAt !== undefined && { session_ends_at: owner.expiresAt }),
        ...(url !== undefined && { sign_in_url: url }),
      }
    },
    heardWell() {
      retry?.[Symbol.dispose]()
      retry = undefined
      isThere()
      // Whose session it is, is not known yet where it was begun for a tunnel.
      if (state.session !== 'signed-in' || state.owner === nobody) void check()
    },
    heard(error) {
      const kind = kindOf(error)
      if (kind === 'gateway-unreachable') isAway(error)
      // Whether it is still there, and who is signed in, is another question than what became of a tunnel.
      else if (kind === 'failed' || kind === 'sign-in-needed') void check()
      else isThere()
    },
    check,
    async signIn(isRenewal = false) {
      await check()
      if (failure !== undefined) throw failure
      if (state.session === 'signed-in') {
        if (isRenewal && state.url === undefined) await untilAddress(renewByPage(), true)
        return isRenewal ? opened() : answer()
      }
      const done = state.url === undefined ? begin() : undefined
      await untilAddress(done)
      return opened()
    },
    async signOut() {
      const done = await logOut(options, ending.signal)
      await check()
      if (done.kind === 'left' && done.error !== undefined) throw done.error
      return done.kind === 'ended'
    },
    async destroy() {
      ending.abort(new Error('the daemon ends'))
      retry?.[Symbol.dispose]()
      expiry?.[Symbol.dispose]()
      cacheLook?.[Symbol.dispose]()
      watch[Symbol.dispose]()
      await client.destroy()
      await checking
    },
  }

  /**
   * A tab that another page opens is asked by the gateway whether its person has meant it; one that a program of this
   * machine opens is not. Where no browser can be started here the page opens it.
   */
  async function opened(): Promise<SignInAnswer> {
    const { url } = state
    return url === undefined ? answer() : { ...answer(), is_open: await opensTab(url) }
  }

  function opensTab(url: string): Promise<boolean> {
    return new Promise((resolve) => {
      openBrowser(url, () => resolve(false))
      clock.schedule(openerMs, () => resolve(true))
    })
  }

  function answer(): SignInAnswer {
    const person = state.owner.email ?? state.owner.name
    return {
      ...(state.url !== undefined && { url: state.url }),
      ...(state.session === 'signed-in' && person !== undefined && { person }),
    }
  }

  /** It is opened when there is an answer: whoever asked sees then that it was. */
  function begin(): Promise<unknown> {
    const shown: PresentSignIn = (url) => presentSignIn(url, 'is-open', () => undefined)
    return logIn({ ...options, presentSignIn: shown }, ending.signal).finally(checkAfresh)
  }

  function renewByPage(): Promise<unknown> {
    isOpenedByPage = true
    return watch.renew().finally(() => (isOpenedByPage = false))
  }

  /** Another process of this user may have begun a sign-in, for which ours waits: its address is as good. */
  async function takeFromElsewhere(isWaiting: () => boolean): Promise<void> {
    const { openBegunSignIns } = await import('../../client/sign-in/begun-sign-in.ts')
    const begun = await openBegunSignIns(cache.signInPath).read()
    // One that is over by now would be shown for good.
    if (begun !== undefined && state.url === undefined && isWaiting()) change({ url: begun.url })
  }

  /** Until there is an address or, unless it is renewed, a session; what goes wrong before is thrown. */
  async function untilAddress(
    done: Promise<unknown> | undefined,
    isRenewal = false,
  ): Promise<void> {
    let wake: () => void = () => undefined
    const isKnown = new Promise<void>((resolve) => {
      wake = () => {
        const isOver = !isRenewal && state.session === 'signed-in'
        if (state.url !== undefined || isOver) resolve()
      }
    })
    waiting.add(wake)
    wake()
    let looking = lookElsewhere()
    function lookElsewhere(): Disposable {
      return clock.schedule(elsewhereMs, () => {
        looking = lookElsewhere()
        // A look that fails is made again.
        void takeFromElsewhere(() => waiting.has(wake)).catch(() => undefined)
      })
    }
    try {
      await (done === undefined ? isKnown : Promise.race([isKnown, done]))
    } finally {
      waiting.delete(wake)
      looking[Symbol.dispose]()
      // It goes on after the answer, and what becomes of it is seen by events.
      done?.catch(() => undefined)
    }
  }
}

/** The one there was, where nothing in it is another. */
function sameOwner(one: Partial<TokenOwner>, other: TokenOwner): Partial<TokenOwner> {
  return JSON.stringify(one) === JSON.stringify(other) ? one : other
}
