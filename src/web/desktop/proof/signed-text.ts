// What is signed, as `desktop/window/signed-text.ts` puts it together for the daemon.
import type { HelloAnswer } from '../../../desktop/wire/proof.ts'

export interface SignedRequest {
  readonly origin: string
  readonly run: string
  readonly method: string
  readonly target: string
  readonly at: string
  readonly nonce: string
  readonly bodyHash: string
}

export function requestText(request: SignedRequest): string {
  const { origin, run, method, target, at, nonce, bodyHash } = request
  return ['postern-desktop-request-1', origin, run, method, target, at, nonce, bodyHash].join('\n')
}

export function helloText(origin: string, { run, at }: HelloAnswer, nonce: string): string {
  return ['postern-desktop-hello-1', origin, run, String(at), nonce].join('\n')
}
