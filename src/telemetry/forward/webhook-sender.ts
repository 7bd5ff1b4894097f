import { randomUUID } from 'node:crypto'
import { systemClock, type Clock } from '../../clock.ts'
import type { Logger } from '../../log.ts'
import { pause } from './pause.ts'
import { createWebhookPost, type WebhookMessage, type WebhookTarget } from './post-webhook.ts'
import { retryWaitMs } from './retry-wait.ts'

export interface WebhookSenderOptions {
  /** Names it in the log. */
  readonly name: string
  readonly target: WebhookTarget
  readonly logger: Logger
  readonly clock?: Clock | undefined
  readonly random?: (() => number) | undefined
}

/**
 * Tells somebody else's program what has happened, in the order of the calls. It keeps what waits in memory:
 * what must not be lost is kept elsewhere, as the audit log is.
 */
export interface WebhookSender {
  /** Posts `{type, timestamp, data}` soon. Never waits and never throws. */
  send(type: string, data: object): void
  /** Resolves when nothing waits any more. */
  sent(): Promise<void>
  /** Gives up what waits. */
  close(): void
}

/** @limit messages that wait for a webhook: further ones are dropped, and the log says so */
const maxWaiting = 1_000
/** @limit time for which a message is sent again and again to a webhook: it is dropped, and the log says so */
const maxTriesMs = 60 * 60_000

interface Waiting {
  readonly message: WebhookMessage
  readonly sinceMs: number
}

export function createWebhookSender(options: WebhookSenderOptions): WebhookSender {
  const { name, target, clock = systemClock, random = Math.random } = options
  const post = createWebhookPost(target, { clock })
  const ended = new AbortController()
  const report = createReport(options.logger, name)
  const waiting: Waiting[] = []
  let working: Promise<void> | undefined

  async function work(): Promise<void> {
    for (let failures = 0; !ended.signal.aborted;) {
      const [first] = waiting
      if (first === undefined) break
      const answer = await post.post(first.message, ended.signal)
      if (ended.signal.aborted) break
      if (answer.kind === 'taken') report.works()
      else report.fails(answer.why)
      failures = answer.kind === 'later' ? failures + 1 : 0
      if (answer.kind === 'later' && clock.now() - first.sinceMs < maxTriesMs) {
        const waitMs = answer.retryAfterMs ?? retryWaitMs(failures, random)
        await pause(waitMs, clock, ended.signal)
        continue
      }
      waiting.shift()
      if (answer.kind !== 'taken') report.dropped(first.message.id, answer.why)
    }
    working = undefined
  }

  return {
    send(type, data) {
      if (ended.signal.aborted) return
      const nowMs = clock.now()
      const id = `msg_${randomUUID()}`
      if (waiting.length >= maxWaiting) return report.dropped(id, 'too many wait already')
      const body = JSON.stringify({ type, timestamp: new Date(nowMs).toISOString(), data })
      waiting.push({ message: { id, body, contentType: 'application/json' }, sinceMs: nowMs })
      working ??= work()
    },
    sent: async () => working,
    close() {
      ended.abort()
      post.close()
    },
  }
}

/** Says once that it fails, and once that it works again. */
function createReport(logger: Logger, webhook: string) {
  let isFailing = false
  return {
    works() {
      if (isFailing) logger.info('webhook works again', { webhook })
      isFailing = false
    },
    fails(why: string) {
      if (!isFailing) logger.warn('webhook fails', { webhook, why })
      isFailing = true
    },
    dropped(id: string, why: string): void {
      logger.error('webhook message dropped', { webhook, id, why })
    },
  }
}
