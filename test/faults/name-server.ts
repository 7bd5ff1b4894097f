import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { decode, encode, type Packet } from 'dns-packet'
import type { Scope } from '../e2e/scope.ts'

/** Where it listens: resolvers ask port 53 and no other. */
export const nameServerAddress = '127.0.0.53'

/** What is answered about the one name that there is. */
export interface Answers {
  /** An IPv4 address; undefined for: there is no such name. */
  address: string | undefined
  /** How late, in milliseconds. */
  delayMs: number
  /** Whether the answer is one to another question. */
  isForged: boolean
  /** Questions so far. */
  asked: number
}

/** Starts a name server on loopback that answers whatever it is told to. */
export async function startNameServer(scope: Scope, answers: Answers): Promise<void> {
  const socket = createSocket('udp4')
  const waiting = new Set<NodeJS.Timeout>()
  socket.on('error', () => undefined)
  socket.on('message', (message, { address, port }) => {
    const { id = 0, questions = [] } = decode(message)
    answers.asked += 1
    const answer = answerTo(questions, answers)
    const bytes = encode({ ...answer, id: answers.isForged ? id ^ 1 : id })
    const late = setTimeout(() => {
      waiting.delete(late)
      socket.send(bytes, port, address)
    }, answers.delayMs)
    waiting.add(late)
  })
  socket.bind(53, nameServerAddress)
  await once(socket, 'listening')
  scope.defer(() => {
    for (const late of waiting) clearTimeout(late)
    socket.close()
  })
}

function answerTo(questions: Packet['questions'], { address }: Answers): Packet {
  const isThere = address !== undefined
  const wanted = questions?.find(({ type }) => type === 'A')
  return {
    type: 'response',
    // NXDOMAIN (RFC 1035 §4.1.1).
    flags: isThere ? 0 : 3,
    questions,
    answers:
      isThere && wanted !== undefined
        ? [{ type: 'A', name: wanted.name, ttl: 0, data: address }]
        : [],
  }
}
