import { hash } from 'node:crypto'
import { systemClock, type Clock } from '../../clock.ts'
import { DeliveryError, type Destination } from './destination.ts'
import { createWebhookPost, type WebhookTarget } from './post-webhook.ts'
import type { ForwardedRecord } from './record.ts'

export interface WebhookDestinationOptions {
  readonly clock?: Clock | undefined
  /** A record that the receiver finds too large was passed over. */
  onTooLarge(record: ForwardedRecord): void
}

const contentTooLarge = 413
const taken = Promise.resolve()

/**
 * Posts records as JSON lines, as they stand in the log. What the receiver refuses is refused as long as nobody
 * mends that: it is tried again, and nothing behind it is sent. Only one that is too large by itself is passed over.
 */
export function createWebhookDestination(
  target: WebhookTarget,
  { clock = systemClock, onTooLarge }: WebhookDestinationOptions,
): Destination {
  const { post, close } = createWebhookPost(target, { clock })

  async function send(records: readonly ForwardedRecord[], signal: AbortSignal): Promise<void> {
    const answer = await post(messageFor(records), signal)
    if (answer.kind === 'taken') return
    if (answer.kind === 'later') throw new DeliveryError(answer.why, answer.retryAfterMs)
    if (answer.status !== contentTooLarge) throw new DeliveryError(answer.why)
    const [first, ...others] = records
    if (first === undefined || others.length === 0) return first && onTooLarge(first)
    const half = Math.ceil(records.length / 2)
    await send(records.slice(0, half), signal)
    await send(records.slice(half), signal)
  }

  return {
    async send(records, signal) {
      await send(records, signal)
      return { taken }
    },
    close: () => Promise.resolve(close()),
  }
}

function messageFor(records: readonly ForwardedRecord[]) {
  const body = records.map(({ line }) => `${line}\n`).join('')
  return {
    // By what it holds: the same at every attempt, also after a restart.
    id: `audit_${hash('sha256', body).slice(0, 32)}`,
    body,
    contentType: 'application/x-ndjson',
    headers: { 'x-postern-series': records[0]?.series ?? '' },
  }
}
