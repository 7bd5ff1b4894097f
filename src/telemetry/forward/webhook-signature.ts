// How a webhook proves who sent it and when: the scheme of Standard Webhooks, for which receivers find
// libraries in most languages. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
import { createHmac } from 'node:crypto'

/** What is signed: the three are joined by full stops. */
export interface SignedMessage {
  /** The same at every attempt, so that a receiver can leave out what it has. */
  readonly id: string
  /** Seconds since the epoch. */
  readonly timestamp: number
  readonly body: string
}

/** The specification asks for 24 to 64 bytes. */
const leastSecretBytes = 24
const mostSecretBytes = 64

/** Reads a secret as Standard Webhooks writes it, `whsec_` and base64; undefined for anything else. */
export function parseWebhookSecret(text: string): Buffer | undefined {
  const [, base64 = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text.trim()) ?? []
  const secret = Buffer.from(base64, 'base64')
  const isRight = secret.length >= leastSecretBytes && secret.length <= mostSecretBytes
  return isRight ? secret : undefined
}

/** The headers that go with a message. */
export function signWebhook(
  secret: Uint8Array,
  { id, timestamp, body }: SignedMessage,
): Readonly<Record<`webhook-${string}`, string>> {
  const mac = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${mac}`,
  }
}
