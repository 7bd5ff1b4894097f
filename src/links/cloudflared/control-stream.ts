// The control stream of a stock connector: on it the connector calls, and the gateway answers. Every answer is made
// before the next message is read, so none waits for anything.
import type { Duplex } from 'node:stream'
import type { Clock } from '../../clock.ts'
import { PeerError } from '../../errors.ts'
import { limitSmallPieces, maxSmallPiecesOfControl } from '../../net/small-pieces.ts'
import { printable } from '../../terminal-text.ts'
import { createDeframer } from './capnp/framing.ts'
import {
  encodeRefused,
  encodeRegistered,
  methods,
  readLocalConfiguration,
  readRegistration,
  registrationServer,
  type Registered,
  type Registration,
} from './registration.ts'
import {
  decodeRpc,
  encodeBootstrapReturn,
  encodeException,
  encodeReturn,
  encodeUnimplemented,
  exceptions,
  type RpcCall,
  type RpcMessage,
} from './rpc.ts'

/** @limit bytes of one message of a stock connector before it is registered: its connection is ended */
const maxUnregisteredBytes = 64 * 1024
/** @limit bytes of one message of a stock connector, such as its rules: its connection is ended */
const maxMessageBytes = 1024 * 1024
/** @limit messages of a stock connector on one connection; it sends ten: its connection is ended */
const maxMessages = 1_000
/** @limit questions of a stock connector that it has not finished: its connection is ended */
const maxQuestions = 16

/** What is to happen to a connection that asks to be registered. */
export type RegistrationAnswer =
  | { readonly registered: Registered }
  /** Refused with this cause; the connection is to be closed behind it. */
  | { readonly refused: string }
  /** Not answered: the connection is dropped, since a cause would end the connector's process. */
  | 'dropped'

/** What the control stream tells. */
export interface ControlEvents {
  onRegister(registration: Registration): RegistrationAnswer
  /** The connector has its answer to `onRegister`, or whatever was said to it. */
  onAnswered(answer: RegistrationAnswer): void
  /** It ends: no new streams. */
  onUnregister(): void
  /** Its own rules, as JSON. */
  onConfiguration(json: string): void
  /** It is over: with the fault of the connector, or its own words, or neither. */
  onOver(error?: Error): void
}

/** Serves the connector's calls until the stream is over, which is told once. */
export function serveControl(stream: Duplex, clock: Clock, events: ControlEvents): void {
  let isRegistered = false
  let isOver = false
  let messages = 0
  /** Bootstraps that were not finished: their answers may be called. */
  const promised = new Set<number>()
  const mayBeSoSmall = limitSmallPieces(clock, maxSmallPiecesOfControl)
  const deframer = createDeframer(() => (isRegistered ? maxMessageBytes : maxUnregisteredBytes))

  const over = (error?: Error): void => {
    if (isOver) return
    isOver = true
    events.onOver(error)
  }
  const answer = (bytes: Buffer, then?: () => void): void => {
    if (stream.writable) stream.write(bytes, then)
  }

  function take(message: RpcMessage): void {
    messages += 1
    if (messages > maxMessages) throw new PeerError('too-many-messages', 'too many messages')
    switch (message.kind) {
      case 'bootstrap':
        promised.add(message.questionId)
        if (promised.size > maxQuestions)
          throw new PeerError('too-many-messages', 'too many questions')
        return answer(encodeBootstrapReturn(message.questionId))
      case 'call':
        return call(message)
      case 'finish':
        return void promised.delete(message.questionId)
      case 'abort':
        return over(abortOf(message.reason))
      case 'release':
      case 'unimplemented':
        return
      case 'other':
        return answer(encodeUnimplemented(message.tag))
    }
  }

  function call({ questionId, interfaceId, methodId, target, params }: RpcCall): void {
    const isOurs = 'promised' in target ? promised.has(target.promised) : target.imported === 0
    if (!isOurs) return answer(encodeException(questionId, 'no such object', exceptions.failed))
    if (interfaceId !== registrationServer) return unknownMethod(questionId)
    switch (methodId) {
      case methods.registerConnection:
        return register(questionId, readRegistration(params))
      case methods.unregisterConnection:
        answer(encodeReturn(questionId))
        return events.onUnregister()
      case methods.updateLocalConfiguration:
        answer(encodeReturn(questionId))
        if (isRegistered) events.onConfiguration(readLocalConfiguration(params))
        return
      default:
        return unknownMethod(questionId)
    }
  }

  function register(questionId: number, registration: Registration): void {
    if (isRegistered) throw new PeerError('registered-twice', 'a connection is registered twice')
    const made = events.onRegister(registration)
    const answered = (): void => events.onAnswered(made)
    if (made === 'dropped') return answered()
    if ('refused' in made) return answer(encodeRefused(questionId, made.refused), answered)
    isRegistered = true
    answer(encodeRegistered(questionId, made.registered))
    answered()
  }

  function unknownMethod(questionId: number): void {
    answer(encodeException(questionId, 'no such method', exceptions.unimplemented))
  }

  stream.on('data', (chunk: Buffer) => {
    if (isOver) return
    try {
      if (!mayBeSoSmall(chunk.length))
        throw new PeerError('too-many-pieces', 'it comes in too many small pieces')
      for (const segments of deframer.push(chunk)) if (!isOver) take(decodeRpc(segments))
    } catch (error) {
      over(error as Error)
      // What else has been read of it would be handed over piece by piece, before its connection is ended.
      stream.destroy()
    }
  })
  stream.on('error', over)
  stream.on('end', () => over())
  stream.on('close', () => over())
}

/** A connector that ends says so; whatever else it says is worth a line. */
function abortOf(reason: string): Error | undefined {
  const text = printable(reason)
  return text === '' || text === 'rpc: shutdown' ? undefined : new PeerError('aborted', text)
}
