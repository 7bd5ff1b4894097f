import type { Follower, LastWords } from '../follower.ts'
import { plainText } from '../plain-text.ts'
import { readGreeting, readResponse, type Agreement, type Capabilities } from './handshake.ts'
import { readPackets, type Packet } from './packets.ts'
import { followReplies, type Replies } from './replies.ts'

const quit = 0x01
const changeUser = 0x11
const ok = 0x00
const failed = 0xff

/**
 * Follows a session of MySQL or MariaDB: told is error 1053 with SQLSTATE 08S01, the end of a connection by its server, in
 * the place of a reply, of a row, or of the answer to the next command.
 */
export function followMysql(): Follower {
  let phase: 'greeting' | 'response' | 'sign-in' | 'commands' | 'lost' = 'greeting'
  let offered: Capabilities | undefined
  let agreement: Agreement | undefined
  let replies: Replies | undefined
  /** In a sign-in: who speaks next, and with which sequence. */
  let turn: 'client' | 'service' = 'service'
  let next = 0

  const lose = (): void => void (phase = 'lost')

  function takeOfService(packet: Packet): void {
    if (phase === 'greeting') {
      offered = readGreeting(packet)
      phase = offered === undefined ? 'lost' : 'response'
    } else if (phase === 'sign-in') {
      if (!packet.isLast || packet.has === 0 || packet.head[0] === failed) return lose()
      turn = 'client'
      if (packet.head[0] !== ok || agreement === undefined) return
      replies = followReplies(agreement)
      phase = 'commands'
    } else if (replies?.take(packet) !== true) lose()
  }

  function takeOfClient(packet: Packet): void {
    if (phase === 'response') {
      agreement = offered && readResponse(packet, offered)
      phase = agreement === undefined ? 'lost' : 'sign-in'
    }
    if (phase === 'sign-in') {
      if (!packet.isLast) return lose()
      turn = 'service'
      next = (packet.sequence + 1) & 0xff
    } else if (replies?.isUpload === true) {
      if (!replies.upload(packet)) lose()
    } else takeCommand(packet)
  }

  function takeCommand(packet: Packet): void {
    if (replies === undefined || (packet.isFirst && packet.sequence !== 0)) return lose()
    if (!packet.isLast) return
    const code = packet.has === 0 ? quit : (packet.head[0] ?? quit)
    if (code !== changeUser) {
      if (!replies.command(code, packet.sequence)) lose()
    } else if (replies.isIdle) {
      phase = 'sign-in'
      turn = 'service'
      next = (packet.sequence + 1) & 0xff
    } else lose()
  }

  const fromService = readPackets(takeOfService)
  const fromClient = readPackets(takeOfClient)

  function sequence(): number | undefined {
    if (phase === 'greeting') return 0
    if (phase === 'sign-in') return turn === 'service' ? next : undefined
    return phase === 'commands' ? replies?.errorSequence : undefined
  }

  return {
    fromClient(bytes) {
      if (phase !== 'lost') fromClient.take(bytes)
    },
    fromService(bytes) {
      if (phase !== 'lost') fromService.take(bytes)
    },
    tell(words) {
      if (!fromClient.isBetween || !fromService.isBetween) return undefined
      const at = sequence()
      return at === undefined ? undefined : encodeError(words, at, phase !== 'greeting')
    },
  }
}

/** "Protocol::ERR_Packet"; the state is left out where the client has not said what it understands. */
function encodeError({ message, hint }: LastWords, sequence: number, hasState: boolean): Buffer {
  const text = [message, hint]
    .filter((part) => part !== '')
    .map(plainText)
    .join('; ')
  const body = Buffer.from(`\xff\x1d\x04${hasState ? '#08S01' : ''}${text}`, 'latin1')
  const header = Buffer.alloc(4)
  header.writeUIntLE(body.length, 0, 3)
  header[3] = sequence
  return Buffer.concat([header, body])
}
