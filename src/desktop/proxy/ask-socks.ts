import type { Socket } from 'node:net'
import { formatAuthority } from '../../address.ts'
import { AccessError, PeerError } from '../../errors.ts'
import { endInOrder } from '../../net/linger.ts'
import { readSocksMessage } from '../../net/read-socks-message.ts'
import {
  encodeMethod,
  encodePasswordAnswer,
  encodeReply,
  parseGreeting,
  parsePassword,
  parseRequest,
  type SocksMethod,
} from '../../net/socks-messages.ts'
import type { AskOptions, Asked } from './asked.ts'
import { slowDown } from './handshakes.ts'
import { refusalOf } from './refusal-of.ts'

/**
 * Asks a program by SOCKS 5 who it is and what it wants. Names are looked up by nobody here. What came behind its
 * request stays in the connection.
 *
 * @throws PeerError `not-socks` or AccessError `proxy-password-…`; the program has been told
 */
export async function askBySocks(socket: Socket, options: AskOptions): Promise<Asked> {
  const { signal } = options
  await authenticate(socket, options)
  const { command, target } = await readSocksMessage(socket, parseRequest, signal)
  if (command !== 'connect') {
    throw end(socket, encodeReply('command-not-supported'), 'asks for more than connections by TCP')
  }
  if (target === undefined) {
    throw end(socket, encodeReply('address-not-supported'), 'asks for what is no name and address')
  }
  return {
    authority: formatAuthority(target),
    accept: () => void socket.write(encodeReply('succeeded')),
    refuse(error) {
      socket.write(encodeReply(refusalOf(error).reply))
      endInOrder(socket)
    },
  }
}

async function authenticate(socket: Socket, options: AskOptions): Promise<void> {
  const { signal, checkPassword, wrongPasswordDelayMs } = options
  const offered = await readSocksMessage(socket, parseGreeting, signal)
  const method = methodOf(offered, checkPassword !== undefined)
  if (method === 'unacceptable') {
    socket.write(encodeMethod(method))
    endInOrder(socket)
    throw checkPassword === undefined
      ? new PeerError('not-socks', 'the other end wants to show who it is in an unknown way')
      : new AccessError('proxy-password-missing', 'the other end gave no password')
  }
  socket.write(encodeMethod(method))
  if (method === 'none') return
  const { user, password } = await readSocksMessage(socket, parsePassword, signal)
  const isRight = checkPassword?.(user, password) ?? true
  if (!isRight) await slowDown(wrongPasswordDelayMs, signal)
  socket.write(encodePasswordAnswer(isRight))
  if (isRight) return
  endInOrder(socket)
  throw new AccessError('proxy-password-wrong', 'the other end gave a wrong password')
}

/** Where no password is wanted, whoever offers nothing else may give any. */
function methodOf(offered: ReadonlySet<SocksMethod>, wantsPassword: boolean): SocksMethod {
  if (!wantsPassword && offered.has('none')) return 'none'
  return offered.has('password') ? 'password' : 'unacceptable'
}

const socks4Rejected = Buffer.from([0, 0x5b, 0, 0, 0, 0, 0, 0])

/**
 * Says no to a program that speaks SOCKS 4, which has no names and no password.
 *
 * @see https://www.openssh.org/txt/socks4.protocol
 */
export function refuseSocks4(socket: Socket): PeerError {
  return end(socket, socks4Rejected, 'speaks SOCKS 4, which has no names: use SOCKS 5')
}

function end(socket: Socket, lastWords: Buffer, why: string): PeerError {
  socket.write(lastWords)
  endInOrder(socket)
  return new PeerError('not-socks', `the other end ${why}`)
}
