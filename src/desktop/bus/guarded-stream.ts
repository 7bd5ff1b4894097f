import type { Socket } from 'node:net'
import { PeerError } from '../../errors.ts'

/** What the library uses of a stream. */
export interface ByteStream {
  on(event: string, listener: (...args: unknown[]) => void): unknown
  removeListener(event: string, listener: (...args: unknown[]) => void): unknown
  emit(event: string, ...args: unknown[]): unknown
  read(bytes: number): Buffer | null
  write(bytes: Buffer | string): unknown
}

/**
 * Largest message that is taken from the session bus. A host of trays sends some hundred bytes; the bus itself would
 * pass 128 MiB on.
 *
 * @limit a message of another program to the tray, in bytes: the tray leaves the session bus, and comes again
 */
const maxMessageBytes = 256 * 1024

/**
 * A socket for a library that throws in its listeners, where nobody could catch it: what it throws there is handed to
 * `onFault`, as is a message that is too large.
 */
export function guardStream(socket: Socket, onFault: (error: unknown) => void): ByteStream {
  const guarded = new Map<unknown, (...args: unknown[]) => void>()
  return {
    on(event, listener) {
      const guard = (...args: unknown[]): void => {
        try {
          listener(...args)
        } catch (error) {
          onFault(error)
        }
      }
      guarded.set(listener, guard)
      socket.on(event, guard)
    },
    removeListener(event, listener) {
      const guard = guarded.get(listener)
      if (guard !== undefined) socket.off(event, guard)
      guarded.delete(listener)
    },
    emit(event, ...args) {
      if (event === 'error') onFault(args[0])
    },
    read(bytes) {
      if (bytes > maxMessageBytes) {
        throw new PeerError('bus-message-too-large', `a message of ${bytes} bytes`)
      }
      return socket.read(bytes) as Buffer | null
    },
    write: (bytes) => socket.write(bytes),
  }
}
