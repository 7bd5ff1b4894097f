import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net'
import type { CustomFetchOptions } from 'openid-client'
import { isLoopbackHost } from '../address.ts'
import { PeerError, systemCode } from '../errors.ts'
import { isBun } from '../is-bun.ts'

/**
 * Discovery documents, key sets, tokens and claims are a few KiB; this is far beyond.
 *
 * @limit an answer of the identity provider: the sign-in fails with one sentence
 */
const maxResponseBytes = 1_048_576

/**
 * Node's `fetch` tries one address of a name after the other and takes no way of ours to connect
 * (`net/race.ts`). It would give each but the last one up after 500 ms, and so never reach a provider
 * whose working address is slower than that and is followed by a dead one.
 *
 * @limit time for one of several addresses of the identity provider: the next one is tried
 */
const attemptTimeoutMs = 2_000

export type ProviderFetch = (url: string, options: CustomFetchOptions) => Promise<Response>

/**
 * Makes the `fetch` that every request to the provider goes through: no http but to this machine,
 * whatever the discovery document says, no answer larger than 1 MiB, and an end when `signal` aborts.
 */
export function createProviderFetch(signal: AbortSignal): ProviderFetch {
  // For the whole process: nothing else in it leaves the choice of an address to Node.
  setDefaultAutoSelectFamilyAttemptTimeout(attemptTimeoutMs)
  return async (text, options) => {
    const url = new URL(text)
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url.hostname))) {
      throw new PeerError('insecure-provider-url', `"${url.origin}" is not https`)
    }
    const signals = options.signal ? [options.signal, signal] : [signal]
    const init = { ...options, signal: AbortSignal.any(signals) } as RequestInit
    const response = await fetch(url, init).catch((error: unknown) => {
      throw namingAddress(error, url)
    })
    const body = await readBounded(response, url)
    const { status, statusText, headers } = response
    return new Response(body.length > 0 ? body : null, { status, statusText, headers })
  }
}

/** Bun's own words name none: "Unable to connect. Is the computer able to access the url?". */
function namingAddress(error: unknown, { host }: URL): unknown {
  const code = systemCode(error)
  return isBun && code !== undefined ? Object.assign(new Error(`${code} ${host}`), { code }) : error
}

async function readBounded(response: Response, url: URL): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maxResponseBytes) {
      const text = `"${url.origin}" sent more than ${maxResponseBytes} bytes`
      throw new PeerError('provider-response-too-large', text)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
