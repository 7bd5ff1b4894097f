import { connect, type NetConnectOpts } from 'node:net'
import handshake from '@homebridge/dbus-native/lib/handshake.js'
import messages from '@homebridge/dbus-native/lib/message.js'
import { PeerError, SystemError, messageOf } from '../../errors.ts'
import { printable } from '../../terminal-text.ts'
import { guardStream } from './guarded-stream.ts'
import { messageTypes, noReplyExpected, type BusMessage } from './message.ts'
import { answerCall, type ServedObject } from './served-object.ts'

// The library makes messages of bytes and bytes of messages. Its own dispatch is not used: a call with fewer arguments
// than it expects, or for a property that is not there, throws in its listeners, and would end the whole process.

/** A method of somebody else on the bus. */
export interface BusCall {
  readonly destination: string
  readonly path: string
  readonly interface: string
  readonly member: string
  readonly signature?: string
  readonly body?: readonly unknown[]
}

export interface BusSignal {
  readonly path: string
  readonly interface: string
  readonly member: string
  readonly signature?: string
  readonly body?: readonly unknown[]
}

export interface BusOptions {
  /** What others may call, by path. */
  readonly objects: Readonly<Record<string, ServedObject>>
  /** Called for each signal. Must not throw. */
  readonly onSignal: (signal: BusMessage) => void
  /** Ends it, also while it is being opened. */
  readonly signal?: AbortSignal
}

/** A connection to a message bus. */
export interface Bus {
  /** What the bus calls this connection, `:1.42`. */
  readonly name: string
  /**
   * Calls a method and resolves to what it gives.
   *
   * @throws PeerError with the name of the error that D-Bus gives as its code, or `bus-silent`; SystemError `bus-lost`
   */
  call(call: BusCall): Promise<readonly unknown[]>
  /** Tells whoever listens. Nothing happens on a bus that is gone. */
  signal(signal: BusSignal): void
  /** Resolves when the connection is gone, to why. Never rejects. */
  readonly ended: Promise<unknown>
  destroy(): void
}

/** @limit none: whoever is asked is on this machine; the tray is tried again */
const maxAnswerMs = 5_000
/**
 * What the bus may have waiting for it, in bytes.
 *
 * @limit none: the bus is on this machine; one that reads no more counts as gone
 */
const maxUnsentBytes = 1024 * 1024

interface Pending {
  resolve(body: readonly unknown[]): void
  reject(error: Error): void
  readonly timer: NodeJS.Timeout
}

/**
 * Connects to a bus and says hello.
 *
 * @throws SystemError `bus-lost`
 */
export async function openBus(address: NetConnectOpts, options: BusOptions): Promise<Bus> {
  const socket = connect(address)
  const ended = Promise.withResolvers<unknown>()
  const pending = new Map<number, Pending>()
  let serial = 0
  let isGone = false

  const end = (why: unknown): void => {
    if (isGone) return
    isGone = true
    options.signal?.removeEventListener('abort', onAbort)
    socket.destroy()
    for (const { reject, timer } of pending.values()) {
      clearTimeout(timer)
      reject(lost(why))
    }
    pending.clear()
    ended.resolve(why)
  }
  socket.on('error', end).on('close', () => end(new Error('the bus has closed the connection')))
  const stream = guardStream(socket, end)
  const onAbort = (): void => end(new Error('closed'))
  if (options.signal?.aborted === true) onAbort()
  options.signal?.addEventListener('abort', onAbort)

  function send(message: BusMessage): number {
    serial = (serial % 0x7fff_ffff) + 1
    if (isGone) return serial
    socket.write(messages.marshall({ ...message, serial }))
    if (socket.writableLength > maxUnsentBytes) end(new Error('the bus reads no more'))
    return serial
  }

  function call(asked: BusCall): Promise<readonly unknown[]> {
    if (isGone) return Promise.reject(lost('it is closed'))
    return new Promise((resolve, reject) => {
      const sent = send({ type: messageTypes.call, ...asked })
      const timer = setTimeout(() => {
        pending.delete(sent)
        reject(new PeerError('bus-silent', `no answer to "${asked.member}"`))
      }, maxAnswerMs)
      pending.set(sent, { resolve, reject, timer: timer.unref() })
    })
  }

  function settle({ replySerial = 0, type, errorName, body = [] }: BusMessage): void {
    const found = pending.get(replySerial)
    if (found === undefined) return
    pending.delete(replySerial)
    clearTimeout(found.timer)
    if (type === messageTypes.reply) found.resolve(body)
    else found.reject(new PeerError(errorName ?? 'unknown', printable(body[0]) || 'it failed'))
  }

  function serve(asked: BusMessage): void {
    const answer = answerTo(options.objects, asked)
    if (((asked.flags ?? 0) & noReplyExpected) !== 0) return
    const to = { replySerial: asked.serial ?? 0, destination: asked.sender ?? '' }
    try {
      send({ ...answer, ...to })
    } catch (error) {
      send({ ...failure(error), ...to })
    }
  }

  function take(message: BusMessage): void {
    if (isGone) return
    if (message.type === messageTypes.signal) options.onSignal(message)
    else if (message.type === messageTypes.call) serve(message)
    else settle(message)
  }

  let name: string
  try {
    await greet(stream, end, ended.promise)
    messages.unmarshalMessages(stream, (message) => take(message as BusMessage), {})
    const [given] = await call({ ...ofBus, member: 'Hello' })
    name = String(given)
  } catch (error) {
    end(error)
    throw lost(error)
  }
  return {
    name,
    call,
    signal(signal) {
      try {
        send({ type: messageTypes.signal, ...signal })
      } catch (error) {
        end(error)
      }
    },
    ended: ended.promise,
    destroy: () => end(new Error('closed')),
  }
}

/** The bus itself. */
export const ofBus = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const

async function greet(
  stream: ReturnType<typeof guardStream>,
  end: (why: unknown) => void,
  ended: Promise<unknown>,
): Promise<void> {
  const done = Promise.withResolvers<void>()
  const timer = setTimeout(() => end(new Error('the bus is silent')), maxAnswerMs).unref()
  // By the socket's own credentials alone: the other ways read files, or prove nothing.
  handshake(stream, { authMethods: ['EXTERNAL'] }, (error) => {
    if (error === null) done.resolve()
    else done.reject(error)
  })
  const lostFirst = ended.then((why) => Promise.reject(lost(why)))
  try {
    await Promise.race([done.promise, lostFirst])
  } finally {
    clearTimeout(timer)
    lostFirst.catch(() => undefined)
    done.promise.catch(() => undefined)
  }
}

/** What is answered to a call, whatever happens. */
function answerTo(objects: BusOptions['objects'], asked: BusMessage): BusMessage {
  try {
    const path = asked.path ?? ''
    if (!Object.hasOwn(objects, path)) {
      throw new PeerError('org.freedesktop.DBus.Error.UnknownObject', `no object "${path}"`)
    }
    const { signature, body } = answerCall(objects[path] ?? {}, asked)
    return { type: messageTypes.reply, ...(signature === '' ? {} : { signature, body }) }
  } catch (error) {
    return failure(error)
  }
}

function failure(error: unknown): BusMessage {
  const errorName = error instanceof PeerError ? error.code : 'org.freedesktop.DBus.Error.Failed'
  return { type: messageTypes.error, errorName, signature: 's', body: [messageOf(error)] }
}

function lost(why: unknown): SystemError {
  if (why instanceof SystemError) return why
  return new SystemError('bus-lost', `the session bus is gone: ${messageOf(why)}`, { cause: why })
}
