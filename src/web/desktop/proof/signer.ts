import type { EnterAnswer, EnterInput, HelloAnswer } from '../../../desktop/wire/proof.ts'
import { helloText, requestText } from './signed-text.ts'

/** A pair of WebCrypto's. */
export interface KeyPair {
  readonly publicKey: CryptoKey
  readonly privateKey: CryptoKey
}

/** What a browser was let in with. */
export interface KeptProof {
  /** Its private half cannot be read by any script. */
  readonly keys: KeyPair
  /** The daemon's public key, an uncompressed point of P-256. */
  readonly daemon: string
}

/** Where a browser keeps it: a database of this origin, which no other port has. */
export interface ProofStore {
  read(): Promise<KeptProof | undefined>
  write(proof: KeptProof): Promise<void>
}

export interface SignerOptions {
  readonly origin: string
  /** The secret that this page was loaded with; empty where another program has shown it. */
  readonly run: string
  readonly store: ProofStore
  readonly fetch: typeof fetch
  /** Milliseconds, by a clock that nobody sets. */
  readonly now: () => number
  /** Told that it is another run of the same daemon (`HelloAnswer.run`) than the page was loaded from. */
  readonly onStartedAnew: (run: string) => void
}

/** Why something could not be signed; in the form of the daemon's own faults. */
interface SignerFault {
  readonly code: 'no-proof' | 'another-program' | 'started-anew'
  readonly message: string
  readonly hint: string
}

export type SignedFetch = (path: string, init?: RequestInit) => Promise<Response>

export interface Signer {
  /**
   * As `fetch` for a path of this origin, with this browser's proof; a body is a text. Where there is no proof it is
   * answered by 401 and a fault, as the daemon would.
   */
  readonly fetch: SignedFetch
  /** Trades a one-time code for the proof of a new key. Rejects where the code is not taken. */
  enter(code: string, name: string): Promise<void>
}

const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const
const nonceBytes = 16
/** Cookies of other ports of this host are none of ours. */
const plain = { cache: 'no-store', credentials: 'omit' } as const

/** Signs the requests of one page. */
export function createSigner(options: SignerOptions): Signer {
  const { origin, run, store, fetch, now, onStartedAnew } = options

  /**
   * How far the daemon's clock is from ours. Asked before each request: whoever has the port now may be another than a
   * moment ago.
   */
  async function greet(daemon?: string): Promise<number | SignerFault> {
    const nonce = makeNonce()
    const beganMs = now()
    const response = await fetch(`/hello?nonce=${nonce}`, plain)
    const hello = (await response.json()) as HelloAnswer
    const isKnown =
      daemon === undefined || (await isBy(daemon, helloText(origin, hello, nonce), hello.signature))
    if (!isKnown) return anotherProgram
    if (hello.run === (await digestOf(bytesOf(run)))) return hello.at - beganMs
    if (daemon !== undefined) onStartedAnew(hello.run)
    return startedAnew
  }

  async function send(keys: KeyPair, offsetMs: number, path: string, init: RequestInit) {
    const { method = 'GET', body = '' } = init
    if (typeof body !== 'string') throw new TypeError('a body that is signed must be a text')
    const at = String(Math.max(0, Math.floor(now() + offsetMs)))
    const nonce = makeNonce()
    const bodyHash = await digestOf(bytesOf(body))
    const text = requestText({ origin, run, method, target: path, at, nonce, bodyHash })
    const signature = encode(await crypto.subtle.sign(signing, keys.privateKey, bytesOf(text)))
    const headers = new Headers(init.headers)
    const credential = [await pointOf(keys), at, nonce, bodyHash, signature].join('.')
    headers.set('authorization', `Postern ${credential}`)
    return fetch(path, { ...init, ...plain, headers })
  }

  async function attempt(path: string, init: RequestInit): Promise<Response> {
    const proof = await store.read()
    if (proof === undefined) return refuse(noProof)
    const offsetMs = await greet(proof.daemon)
    if (typeof offsetMs !== 'number') return refuse(offsetMs)
    return send(proof.keys, offsetMs, path, init)
  }

  async function signedFetch(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await attempt(path, init)
    // It started anew in between, or this browser was let in again by another tab; nothing was acted on.
    return response.status === 401 ? attempt(path, init) : response
  }

  async function enter(code: string, name: string): Promise<void> {
    const former = await store.read()
    // Never one that is there already: a program that had the port before may have put it there, and know it.
    const keys = await crypto.subtle.generateKey(curve, false, ['sign', 'verify'])
    const offsetMs = await greet()
    if (typeof offsetMs !== 'number') throw new Error(offsetMs.message)
    const body = JSON.stringify({ code, name } satisfies EnterInput)
    const response = await send(keys, offsetMs, '/enter', { method: 'POST', body })
    if (!response.ok) throw new Error(`the code was answered by ${response.status}`)
    const { daemon } = (await response.json()) as EnterAnswer
    await store.write({ keys, daemon })
    if (former !== undefined) await forget(former.keys)
  }

  async function forget(keys: KeyPair): Promise<void> {
    const id = await digestOf(decode(await pointOf(keys)))
    await signedFetch(`/api/browsers/${id}`, { method: 'DELETE' })
  }

  return { fetch: signedFetch, enter }
}

const noProof: SignerFault = {
  code: 'no-proof',
  message: 'this browser has not been let in',
  hint: 'run "postern desktop"',
}

const anotherProgram: SignerFault = {
  code: 'another-program',
  message: 'another program than yours answers at this address',
  hint: 'close this window, and run "postern desktop"',
}

const startedAnew: SignerFault = {
  code: 'started-anew',
  message: 'the daemon has started anew since this window was loaded',
  hint: 'load the window again',
}

function refuse(fault: SignerFault): Response {
  return Response.json(fault, { status: 401 })
}

async function isBy(publicKey: string, text: string, signature: string): Promise<boolean> {
  const key = await crypto.subtle.importKey('raw', decode(publicKey), curve, false, ['verify'])
  return crypto.subtle.verify(signing, key, decode(signature), bytesOf(text))
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return encode(await crypto.subtle.digest('SHA-256', bytes))
}

async function pointOf({ publicKey }: KeyPair): Promise<string> {
  return encode(await crypto.subtle.exportKey('raw', publicKey))
}

function makeNonce(): string {
  return encode(crypto.getRandomValues(new Uint8Array(nonceBytes)))
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

function encode(bytes: ArrayBuffer | Uint8Array): string {
  const binary = String.fromCharCode(...new Uint8Array(bytes))
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (character) => character.codePointAt(0) ?? 0)
}
