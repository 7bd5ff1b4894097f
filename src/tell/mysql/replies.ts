import type { Agreement } from './handshake.ts'
import { word } from './integers.ts'
import type { Packet } from './packets.ts'
import { columnCountOf, isLastOfRows, isProgress, statusOf } from './reply-packets.ts'

// Where replies end ("Command Phase" of MySQL's documentation). It decides which sequence an error must have: the next of
// the reply that the client reads, or, where it reads none, that of the first packet in answer to its next command.

/** What the reply to a command is made of. */
type Reply = 'one' | 'results' | 'rows' | 'prepared' | 'none'

/** By the first byte of a command. Those that are not here cannot be followed, such as streams of a replica. */
const replies: ReadonlyMap<number, Reply> = new Map([
  ...[0x02, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0c, 0x0d, 0x0e, 0x1a, 0x1b, 0x1f].map(
    (code) => [code, 'one'] as const,
  ),
  // Query, process info, execute, and MariaDB's bulk execute.
  ...[0x03, 0x0a, 0x17, 0xfa].map((code) => [code, 'results'] as const),
  // Field list, whose columns stand there as rows do, and fetch.
  ...[0x04, 0x1c].map((code) => [code, 'rows'] as const),
  [0x16, 'prepared'],
  // Long data, and close.
  ...[0x18, 0x19].map((code) => [code, 'none'] as const),
])

/**
 * A client may send commands before the replies to those before.
 *
 * @limit commands of MySQL without a reply at once: the tool of that tunnel is not told of a cut
 */
const maxPending = 64

const moreResults = 0x0008
const cursorExists = 0x0040

/** What the service owes to the client, command by command. */
export interface Replies {
  /** The client sends the content of a file, not commands. */
  readonly isUpload: boolean
  /** The sequence that an error would have here; undefined where none may stand. */
  readonly errorSequence: number | undefined
  /** Nothing is owed. */
  readonly isIdle: boolean
  /** Whether what was said could be followed: a command, by its first byte and the sequence of its last packet. */
  command(code: number, sequence: number): boolean
  /** The same of a packet of a file. */
  upload(packet: Packet): boolean
  /** The same of a packet of the service. */
  take(packet: Packet): boolean
}

export function followReplies({ omitsEof, mayOmitColumns }: Agreement): Replies {
  /** Oldest first: what its reply is made of, and the sequence with which that begins. */
  const pending: { readonly reply: Reply; readonly sequence: number }[] = []
  let step: 'first' | 'columns' | 'definitions' | 'rows' | 'upload' = 'first'
  /** Packets of the step that are still to come. */
  let left = 0
  let next = 0

  function begin(): void {
    const oldest = pending[0]
    if (oldest === undefined) return
    step = oldest.reply === 'rows' ? 'rows' : 'first'
    next = oldest.sequence
  }
  function finish(): true {
    pending.shift()
    begin()
    return true
  }
  /** One result of several may have ended. */
  function endResult(status: number, reply: Reply): true {
    if (reply !== 'results' || (status & moreResults) === 0) return finish()
    step = 'first'
    return true
  }

  function takeFirst(packet: Packet, reply: Reply): boolean {
    const code = packet.has === 0 ? undefined : packet.head[0]
    if (reply === 'one') return finish()
    if (reply === 'prepared') return code === 0 && takePrepared(packet)
    if (code === 0) return endResult(statusOf(packet), reply)
    if (code === 0xfb) {
      step = 'upload'
      return pending.length === 1
    }
    const columns = columnCountOf(packet, mayOmitColumns)
    if (columns === undefined) return false
    left = columns.count + (omitsEof ? 0 : 1)
    step = columns.follow ? 'columns' : 'rows'
    return columns.follow || omitsEof
  }

  /** OK, the statement's id, and how many columns and parameters are defined behind it. */
  function takePrepared({ head, has }: Packet): boolean {
    const counts = [word(head, 5), word(head, 7)]
    const ends = omitsEof ? 0 : counts.filter((count) => count > 0).length
    left = counts.reduce((sum, count) => sum + count, ends)
    step = 'definitions'
    return has >= 9 && (left > 0 || finish())
  }

  function takeColumn(packet: Packet, reply: Reply): boolean {
    left -= 1
    if (left > 0) return true
    step = 'rows'
    if (omitsEof) return true
    if (!isLastOfRows(packet, false)) return false
    // The rows are fetched by commands of their own.
    return (statusOf(packet) & cursorExists) === 0 || endResult(statusOf(packet), reply)
  }

  return {
    get isUpload() {
      return pending.length > 0 && step === 'upload'
    },
    get isIdle() {
      return pending.length === 0
    },
    get errorSequence() {
      if (pending.length === 0) return 1
      return step === 'first' || step === 'rows' ? next : undefined
    },
    command(code, sequence) {
      const reply = replies.get(code)
      if (reply === undefined || pending.length === maxPending) return false
      if (reply === 'none') return true
      pending.push({ reply, sequence: (sequence + 1) & 0xff })
      if (pending.length === 1) begin()
      return true
    },
    upload({ sequence, length, isFirst }) {
      if (length > 0 || !isFirst) return true
      step = 'first'
      next = (sequence + 1) & 0xff
      return true
    },
    take(packet) {
      const oldest = pending[0]
      if (oldest === undefined || step === 'upload' || packet.sequence !== next) return false
      next = (next + 1) & 0xff
      if (!packet.isLast) return true
      if (packet.isFirst && packet.head[0] === 0xff && packet.has > 0)
        return isProgress(packet) || finish()
      if (step === 'first') return takeFirst(packet, oldest.reply)
      if (step === 'columns') return takeColumn(packet, oldest.reply)
      if (step === 'definitions') return --left > 0 || finish()
      if (!isLastOfRows(packet, omitsEof)) return true
      return endResult(statusOf(packet), oldest.reply)
    },
  }
}
