import { createHmac, randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { AccessError } from '../errors.ts'
import type { BrowserMarks } from './browser-marks.ts'
import type { SignInChecks } from './provider.ts'
import { maxSealedBytes, seal, unseal } from './sealed.ts'
import { defaultProviderId } from './user-ids.ts'

/** Where a sign-in leads once it is done. */
export interface SignInTarget {
  /** Absolute; the caller has checked that a sign-in may end there. At most 2,000 bytes. */
  readonly returnTo: string
  /** What `returnTo` is given: nothing (a page of ours), a session token, or a one-time code. */
  readonly carries: 'nothing' | 'token' | 'code'
  /** The S256 challenge that the code is bound to; only with `code`. */
  readonly codeChallenge?: string | undefined
  /** The session that is prolonged where its own person comes back; only with `code`. */
  readonly renews?: string | undefined
  /**
   * The device code on whose page this sign-in begins, by somebody who was not signed in: the session may go to its
   * machine, once its person has confirmed that.
   */
  readonly userCode?: string | undefined
  /** Set when the session is to be that of a machine without a browser, and not this browser's. */
  readonly device?: DeviceTarget | undefined
}

/** The machine that a sign-in is for. Only the person who approved it may finish the sign-in. */
export interface DeviceTarget {
  /** Names the device code. */
  readonly secretHash: string
  readonly host: string
  /** What it runs, as far as it is shown. */
  readonly command: string
  readonly userId: string
  /** As the gateway saw it. */
  readonly address: string
}

/** A sign-in that has come back from its provider. */
export interface PendingFlow extends SignInChecks {
  /** The id of the provider. */
  readonly provider: string
  readonly target: SignInTarget
}

export interface BegunFlow {
  readonly checks: SignInChecks
  /** The `Set-Cookie` values that tie it to the browser. */
  readonly cookies: readonly string[]
}

/** A sign-in that ended without a person: why, and where its asker waits for an answer. */
export class UnfinishedSignIn extends AccessError {
  readonly target: SignInTarget
  /** The id of the provider that it was begun with; undefined when with none. */
  readonly provider: string | undefined

  constructor(reason: AccessError, target: SignInTarget, provider: string | undefined) {
    super(reason.code, reason.message, { hint: reason.hint, cause: reason.cause })
    this.target = target
    this.provider = provider
  }
}

/**
 * Sign-ins under way. What there is to know of one travels to the provider and back in its `state`,
 * encrypted; the browser keeps a mark that the state names, so that nobody else can finish it (login
 * CSRF). Nothing is kept here: nobody can fill a gateway with sign-ins that are never finished, a
 * restart loses none, and any gateway with the same cookie secret can finish them.
 */
export interface PendingFlows {
  /** Throws `AccessError` `return-address-too-long`. */
  begin(
    target: SignInTarget,
    provider: string,
    cookieHeader: string | undefined,
  ): Promise<BegunFlow>
  /**
   * The flow of a callback's `state`, once. `provider` is whose callback it is: a flow that was begun with
   * another is none of its. Throws `AccessError` `sign-in-expired` or `sign-in-used`, and
   * `sign-in-state-mismatch`: an `UnfinishedSignIn` where a program waits for this sign-in.
   */
  take(state: string, provider: string, cookieHeader: string | undefined): Promise<PendingFlow>
  /** Whether `take` would answer it now; throws as that does. For the pages of a provider that is the gateway itself. */
  look(state: string, provider: string, cookieHeader: string | undefined): Promise<void>
}

/** @limit life of a sign-in under way: start again */
export const flowLifeMs = 600_000
/** @limit the address that a sign-in returns to: 400 */
const maxReturnToBytes = 2000
/** @limit none: finished sign-ins that are remembered against a second use */
const maxUsedFlows = 10_000
const idBytes = 16
const startAgain = { hint: 'start again where you came from' }

/** What a `state` holds. */
interface SealedFlow {
  readonly id: string
  /** The mark of the browser that began it. */
  readonly mark: string
  readonly target: SignInTarget
  /** Absent in one of a former release. */
  readonly provider?: string
  readonly expiresAtMs: number
}

type OpenedFlow = SealedFlow & Required<Pick<SealedFlow, 'provider'>>

export interface PendingFlowsOptions {
  /** Encrypts what a `state` holds. */
  readonly stateKey: Uint8Array
  /** Makes nonce and PKCE verifier of a sign-in from its id. */
  readonly checksKey: Uint8Array
  readonly marks: BrowserMarks
  readonly clock: Clock
}

export function createPendingFlows(options: PendingFlowsOptions): PendingFlows {
  const { stateKey, marks, clock } = options
  const used = new Map<string, number>()

  async function open(
    state: string,
    answering: string,
    cookieHeader: string | undefined,
  ): Promise<OpenedFlow> {
    // Sealed by us for this purpose, so it has the shape that `begin` gave it.
    const flow = (await unseal(stateKey, state))?.['flow'] as SealedFlow | undefined
    if (flow === undefined) throw notBegunHere()
    const { mark, target, provider = defaultProviderId, expiresAtMs } = flow
    if (expiresAtMs <= clock.now()) {
      const text = 'this sign-in was begun more than 10 minutes ago'
      throw new AccessError('sign-in-expired', text, startAgain)
    }
    if (!marks.has(mark, cookieHeader)) throw notThisBrowser(target)
    if (provider !== answering) throw anotherProvider(target)
    return { ...flow, provider }
  }

  return {
    async begin(target, provider, cookieHeader) {
      if (Buffer.byteLength(target.returnTo) > maxReturnToBytes) throw tooLong()
      const { mark, cookies } = marks.put(cookieHeader)
      const id = randomBytes(idBytes).toString('base64url')
      const expiresAtMs = clock.now() + flowLifeMs
      const flow: SealedFlow = { id, mark, target, provider, expiresAtMs }
      const state = await seal(stateKey, { flow })
      // What cannot be read again must not be begun: names of people and machines have no fixed bound.
      if (state.length > maxSealedBytes) throw tooLong()
      return { checks: checksOf(options, state, id), cookies }
    },
    async take(state, answering, cookieHeader) {
      const { id, target, provider, expiresAtMs } = await open(state, answering, cookieHeader)
      use(used, id, expiresAtMs, clock.now())
      return { ...checksOf(options, state, id), target, provider }
    },
    async look(state, answering, cookieHeader) {
      const { id } = await open(state, answering, cookieHeader)
      if (used.has(id)) throw usedAlready()
    },
  }
}

/**
 * Made from the id instead of being sent along: the address of the sign-in stays short, for providers
 * that take 2 KiB. 43 characters each, as a PKCE verifier must have at least (RFC 7636 §4.1).
 */
function checksOf({ checksKey }: PendingFlowsOptions, state: string, id: string): SignInChecks {
  const make = (purpose: string): string =>
    createHmac('sha256', checksKey).update(`${purpose} ${id}`).digest('base64url')
  return { state, nonce: make('nonce'), verifier: make('verifier') }
}

function tooLong(): AccessError {
  const text = `the address to return to has more than ${maxReturnToBytes} characters`
  return new AccessError('return-address-too-long', text)
}

function notBegunHere(): AccessError {
  const text = 'this sign-in was begun more than 10 minutes ago, or not in this browser'
  return new AccessError('sign-in-state-mismatch', text, startAgain)
}

/**
 * The state is ours, so the program that waits is known, and told. A machine is not: whoever saw the
 * state somewhere could end its sign-in, and the person can still press the button again.
 */
function notThisBrowser(target: SignInTarget): AccessError {
  const text = 'this sign-in was begun in another browser, or this one keeps no cookies'
  const reason = new AccessError('sign-in-state-mismatch', text, startAgain)
  return toldTo(target, reason)
}

/**
 * One provider has led the browser to another one, whose code must not come to it; or a person has two
 * addresses mixed up that the browser keeps.
 */
function anotherProvider(target: SignInTarget): AccessError {
  const text = 'another sign-in service answered than the one this sign-in was begun with'
  return toldTo(target, new AccessError('sign-in-state-mismatch', text, startAgain))
}

function toldTo(target: SignInTarget, reason: AccessError): AccessError {
  return target.device === undefined ? new UnfinishedSignIn(reason, target, undefined) : reason
}

function usedAlready(): AccessError {
  return new AccessError('sign-in-used', 'this sign-in was finished already', startAgain)
}

/** Of two callbacks with the same state only one counts, also when they come at the same time. */
function use(used: Map<string, number>, id: string, expiresAtMs: number, nowMs: number): void {
  if (used.has(id)) throw usedAlready()
  // In order of insertion, which is nearly the order of their ends.
  for (const [oldest, endMs] of used) {
    if (endMs > nowMs && used.size < maxUsedFlows) break
    used.delete(oldest)
  }
  used.set(id, expiresAtMs)
}
