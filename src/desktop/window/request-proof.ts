import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Refusal } from './refusal.ts'
import type { SeenNonces } from './seen-nonces.ts'
import { parseCredential, requestText, type Credential } from './signed-text.ts'
import { idOf, isSignedBy } from './signatures.ts'

/** Who signed a request, before its body has come. */
export interface Signer {
  /** The hash of its public key. */
  readonly id: string
  /** Refuses a body that is not the one that was signed. */
  checkBody(body: Uint8Array): void
}

export interface RequestProofOptions {
  readonly origin: string
  readonly run: string
  /** What was signed already. */
  readonly seen: SeenNonces
  readonly isKnown: (id: string) => boolean
}

export interface RequestProof {
  /** @throws Refusal unless a known browser has signed this request, now and once */
  check(request: IncomingMessage): Signer
  /** The same for a browser that is to be let in by a code, which is good once itself. */
  checkStranger(request: IncomingMessage): Signer
}

export function createRequestProof(options: RequestProofOptions): RequestProof {
  const { origin, run, seen, isKnown } = options

  function read({ method = '', url = '', headers }: IncomingMessage): Credential {
    const credential = parseCredential(headers.authorization ?? '')
    if (credential === undefined) throw stranger
    const text = requestText({ ...credential, origin, run, method, target: url })
    if (isSignedBy(credential.publicKey, text, credential.signature)) return credential
    throw isKnown(idOf(credential.publicKey)) ? wrong : stranger
  }

  function signerOf({ publicKey, bodyHash }: Credential): Signer {
    return {
      id: idOf(publicKey),
      checkBody(body) {
        const found = hash('sha256', body, 'buffer')
        if (!timingSafeEqual(found, Buffer.from(bodyHash, 'base64url'))) throw wrong
      },
    }
  }

  return {
    check(request) {
      const credential = read(request)
      const signer = signerOf(credential)
      if (!isKnown(signer.id)) throw stranger
      // Of signatures that hold alone, so that nobody else can fill what is remembered.
      const found = seen.add(Number(credential.at), credential.nonce)
      if (found === 'too-many') throw tooMany
      if (found !== 'new') throw wrong
      return signer
    },
    checkStranger: (request) => signerOf(read(request)),
  }
}

/** @throws Refusal: this browser has not been let in, or is no longer */
export const stranger = new Refusal(
  401,
  'no-proof',
  'this browser has not been let in',
  'run "postern desktop"',
)
const wrong = new Refusal(
  401,
  'proof-refused',
  'this request was not signed for now and here',
  'load the window again',
)
const tooMany = new Refusal(
  429,
  'too-many-requests',
  'the window asks too often',
  'wait half a minute',
)
