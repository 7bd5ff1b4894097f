import type { Duplex } from 'node:stream'
import { PeerError, messageOf } from '../../errors.ts'
import type { Clock } from '../../clock.ts'
import { createAllowance } from '../../net/allowance.ts'
import { limitSmallPieces, maxSmallPiecesOfControl } from '../../net/small-pieces.ts'
import { createLines } from './control-lines.ts'
import type { ReadMessage } from './control-messages.ts'
import type { ControlStream } from './session.ts'

/**
 * Most that waits for a peer which does not read its control stream, in bytes.
 *
 * @limit bytes that wait for the other side of a control stream to read: the connection is ended
 */
const maxWaitingBytes = 1024 * 1024
/**
 * Most that waits for our own reader, in characters.
 *
 * @limit characters of what came on a control stream and was not dealt with: the other side waits
 */
const maxQueuedChars = 1024 * 1024
/**
 * Lines that may come at once, and one more each second: a connector says something when its rules change.
 *
 * @limit lines in a row on a connector's control stream, and one more each second: the connection is ended
 */
const maxLinesInARow = 128
const linesPerSecond = 1

export interface ControlOptions<Incoming> {
  readonly read: ReadMessage<Incoming>
  readonly clock: Clock
  /** Whether the other side may say more than a proof; asked as its bytes come. **Default:** it may */
  readonly isProved?: (() => boolean) | undefined
  /** Called once with what the other side did wrong; the connection is to be ended. */
  readonly onFault: (fault: PeerError) => void
}

/** Speaks in lines of JSON over a stream of its own. */
export function createControl<Incoming, Outgoing>(
  stream: Duplex,
  { read, clock, isProved = () => true, onFault }: ControlOptions<Incoming>,
): ControlStream<Incoming, Outgoing> {
  const queue = createQueue<Incoming>(stream)
  const mayComeNow = createAllowance(clock, { inARow: maxLinesInARow, perSecond: linesPerSecond })
  const mayBeSoSmall = limitSmallPieces(clock, maxSmallPiecesOfControl)
  const linesOf = createLines(isProved)

  const fail = (what: string): void => {
    stream.off('data', onData)
    queue.end()
    onFault(new PeerError('connector-protocol', `the control stream breaks the protocol: ${what}`))
  }
  function onData(chunk: Buffer): void {
    try {
      if (!mayBeSoSmall(chunk.length)) throw new Error('too many small pieces')
      for (const line of linesOf(chunk)) {
        if (!mayComeNow()) throw new Error('too many lines')
        const message = read(line)
        if (message !== undefined) queue.put(message, line.length)
      }
    } catch (error) {
      fail(messageOf(error))
      // What else has been read of it would be handed over piece by piece, before its connection is ended.
      stream.destroy()
    }
  }
  // Read at once: what is said last is not lost with a connection that ends behind it.
  stream.on('data', onData).once('end', queue.end).once('close', queue.end)
  return {
    messages: queue.messages,
    send(message) {
      if (!stream.writable) return
      stream.write(`${JSON.stringify(message)}\n`)
      if (stream.writableLength > maxWaitingBytes) fail('it is not being read')
    },
  }
}

interface Queue<Message> {
  readonly messages: AsyncIterable<Message>
  put(message: Message, chars: number): void
  end(): void
}

/** Keeps messages for one reader, and stops their source while too much waits. */
function createQueue<Message>(source: Duplex): Queue<Message> {
  const waiting: { readonly message: Message; readonly chars: number }[] = []
  let chars = 0
  let isEnded = false
  let wake = Promise.withResolvers<void>()

  async function* take(): AsyncGenerator<Message> {
    for (;;) {
      const next = waiting.shift()
      if (next !== undefined) {
        chars -= next.chars
        if (chars <= maxQueuedChars) source.resume()
        yield next.message
      } else if (isEnded) return
      else await wake.promise
    }
  }
  const wakeUp = (): void => {
    wake.resolve()
    wake = Promise.withResolvers<void>()
  }
  return {
    // Whoever stops in the middle may go on later.
    messages: { [Symbol.asyncIterator]: take },
    put(message, itsChars) {
      waiting.push({ message, chars: itsChars })
      chars += itsChars
      if (chars > maxQueuedChars) source.pause()
      wakeUp()
    },
    end() {
      isEnded = true
      wakeUp()
    },
  }
}
