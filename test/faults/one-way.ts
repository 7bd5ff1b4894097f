import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { keystream } from './keystream.ts'

/** How the one who receives learned that nothing more comes. */
export type Heard = 'end' | 'error'

/** What came over one direction of a transfer. */
export interface OneWay {
  /** Whose bytes they are; the same name makes the same bytes. */
  readonly content: string
  /** Infinity where it is not known, and the sender goes on for ever. */
  readonly sentBytes: number
  /** Whether the sender ended it in order: what was sent is all there is. */
  readonly isComplete: boolean
  readonly receivedBytes: number
  /** SHA-256 of them, in hex. */
  readonly receivedDigest: string
  /** Undefined where nobody has said anything yet. */
  readonly heard: Heard | undefined
}

/** What is received, until an end or an error. */
export interface Receiving {
  readonly receivedBytes: number
  /** Resolves at what the receiver hears. */
  readonly over: Promise<Heard>
  readonly isOver: boolean
  look(): OneWay
}

/** A direction under way. */
export interface RunningWay extends Receiving {
  readonly sentBytes: number
  /** No more is sent, and the direction ends in order where its sender still can. Resolves when that is done. */
  finish(): Promise<void>
  /** Sends nothing until it is finished or goes on. */
  hold(): void
  goOn(): void
}

const chunkBytes = 16 * 1024
/** With the size of a chunk some 0.5 MiB a second: so that a transfer is under way and leaves the machine to what is tried. */
const pauseMs = 32

/** Receives a content of somebody who never ends it. */
export function startReceiving(content: string, receiver: Duplex): Receiving {
  const hash = createHash('sha256')
  const { promise: over, resolve } = Promise.withResolvers<Heard>()
  let receivedBytes = 0
  let heard: Heard | undefined
  const hear = (what: Heard): void => {
    heard ??= what
    resolve(heard)
  }
  receiver.on('data', (chunk: Buffer) => {
    hash.update(chunk)
    receivedBytes += chunk.length
  })
  receiver.once('end', () => hear(isAborted(receiver) ? 'error' : 'end'))
  receiver.once('error', () => hear('error'))
  receiver.once('close', () => hear('error'))
  receiver.resume()
  return {
    get receivedBytes() {
      return receivedBytes
    },
    over,
    get isOver() {
      return heard !== undefined
    },
    look: () => ({
      content,
      sentBytes: Infinity,
      isComplete: false,
      receivedBytes,
      receivedDigest: hash.copy().digest('hex'),
      heard,
    }),
  }
}

/** Sends a content from one end to the other until it is finished. `end` ends the direction at the sender. */
export function startWay(
  content: string,
  sender: Duplex,
  receiver: Duplex,
  end: () => void = () => void sender.end(),
): RunningWay {
  const receiving = startReceiving(content, receiver)
  const next = keystream(content)
  let sentBytes = 0
  const asked = { toFinish: false, toHold: false }
  let isComplete = false

  const gone = once(sender, 'close').catch(() => undefined)
  sender.on('error', () => undefined)
  async function send(): Promise<void> {
    while (!asked.toFinish && sender.writable) {
      if (!asked.toHold) {
        sentBytes += chunkBytes
        const isTaken = sender.write(next(chunkBytes))
        if (!isTaken) await Promise.race([once(sender, 'drain').catch(() => undefined), gone])
      }
      await wait(pauseMs)
    }
    if (!sender.writable) return
    isComplete = true
    end()
  }
  const sending = send()
  return {
    get receivedBytes() {
      return receiving.receivedBytes
    },
    get sentBytes() {
      return sentBytes
    },
    get isOver() {
      return receiving.isOver
    },
    over: receiving.over,
    finish() {
      asked.toFinish = true
      return sending
    },
    hold: () => void (asked.toHold = true),
    goOn: () => void (asked.toHold = false),
    look: () => ({ ...receiving.look(), sentBytes, isComplete }),
  }
}

/** Node.js lets a stream of HTTP/2 that was reset end as others do. */
function isAborted(stream: Duplex & { aborted?: boolean; rstCode?: number }): boolean {
  return stream.aborted === true || (stream.rstCode ?? 0) !== 0
}
