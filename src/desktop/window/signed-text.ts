// What is signed, as text: by the page for each request, and by the daemon for its hello. The page has the same in
// `web/desktop/proof/signed-text.ts`; a test holds the two together.

/** What a signature of a request is of. No part can have a line feed. */
export interface SignedRequest {
  /** Where the window is, `http://127.0.0.1:PORT`. */
  readonly origin: string
  /** The secret of the run; in a hello its SHA-256. */
  readonly run: string
  readonly method: string
  /** Path and query, as the request line has them. */
  readonly target: string
  /** Milliseconds since the run began, in decimal. */
  readonly at: string
  readonly nonce: string
  /** SHA-256 of the body; of nothing where there is none. */
  readonly bodyHash: string
}

export function requestText(request: SignedRequest): string {
  const { origin, run, method, target, at, nonce, bodyHash } = request
  return ['postern-desktop-request-1', origin, run, method, target, at, nonce, bodyHash].join('\n')
}

export type SignedHello = Pick<SignedRequest, 'origin' | 'run' | 'at' | 'nonce'>

export function helloText({ origin, run, at, nonce }: SignedHello): string {
  return ['postern-desktop-hello-1', origin, run, at, nonce].join('\n')
}

/** `Authorization` of a request: what it was signed with, and the signature. */
export interface Credential {
  /** An uncompressed point of P-256 (SEC 1 2.3.3): 65 bytes. */
  readonly publicKey: string
  readonly at: string
  readonly nonce: string
  readonly bodyHash: string
  /** The two numbers of ECDSA, 32 bytes each (RFC 7518 §3.4). */
  readonly signature: string
}

const credentialForm =
  /^Postern (?<publicKey>[\w-]{87})\.(?<at>\d{1,15})\.(?<nonce>[\w-]{22})\.(?<bodyHash>[\w-]{43})\.(?<signature>[\w-]{86})$/

/** Undefined for what is none. */
export function parseCredential(authorization: string): Credential | undefined {
  return credentialForm.exec(authorization)?.groups as Credential | undefined
}
