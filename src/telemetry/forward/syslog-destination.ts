import { hostname } from 'node:os'
import { formatAuthority, type HostPort } from '../../address.ts'
import { systemClock, type Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import { within } from '../../shutdown.ts'
import { DeliveryError, type Delivery, type Destination } from './destination.ts'
import type { PeerTls } from './peer-tls.ts'
import { frameSyslog, syslogMessage } from './syslog-message.ts'
import { openTls } from './tls-connection.ts'
import { createUnconfirmed } from './unconfirmed.ts'

/** A receiver of syslog over TLS (RFC 5425); there is no other syslog, since others could read and change it. */
export interface SyslogTarget {
  readonly address: HostPort
  readonly tls: PeerTls
}

export interface SyslogOptions {
  readonly clock?: Clock | undefined
  /** **Default:** the machine's */
  readonly hostName?: string | undefined
}

/** @limit time in which a receiver of audit records takes no byte of what is written to it: the connection is made anew */
const writeTimeoutMs = 60_000
/** Longest wait for a receiver to end in order, in milliseconds: what it may not have read is sent again. */
const endWaitMs = 1_000

interface Connection {
  write(bytes: Buffer, signal: AbortSignal): Promise<Delivery>
  /** Resolves when it has ended, in order or not. */
  end(): Promise<void>
}

/** One connection, made when there is something to send and kept from then on. */
export function createSyslogDestination(
  target: SyslogTarget,
  { clock = systemClock, hostName = hostname() }: SyslogOptions = {},
): Destination {
  let current: Connection | undefined
  return {
    async send(records, signal) {
      const bytes = Buffer.concat(
        records.map((record) => frameSyslog(syslogMessage(record, hostName))),
      )
      current ??= await open(target, { clock, signal, onEnded: () => (current = undefined) })
      return current.write(bytes, signal)
    },
    close: async () => current?.end(),
  }
}

interface OpenOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  onEnded(): void
}

async function open(target: SyslogTarget, options: OpenOptions): Promise<Connection> {
  const { clock, signal, onEnded } = options
  const { socket, rowKeys } = await openTls(target.address, target.tls, { clock, signal })
  const name = `"${formatAuthority(target.address)}"`
  const unconfirmed = createUnconfirmed({
    clock,
    rowKeys,
    onStalled: () => socket.destroy(new Error(`${name} acknowledges nothing of what is sent`)),
  })
  const ended = Promise.withResolvers<void>()
  let failure: Error | undefined
  let isEnding = false
  const fail = (why: string): void => {
    failure ??= new DeliveryError(why)
    socket.destroy()
  }
  function assertOpen(): void {
    if (failure !== undefined) throw failure
  }
  socket.on('error', (error) => fail(messageOf(error)))
  // Whoever answers our end has read what was before it: RFC 5425 §4.4. Bun tells of an end at `destroy` as well.
  socket.on('end', () => {
    if (isEnding && !socket.destroyed) unconfirmed.confirm()
    fail(`${name} closed the connection`)
  })
  socket.on('close', () => {
    failure ??= new DeliveryError(`the connection to ${name} has ended`)
    unconfirmed.fail(failure)
    onEnded()
    ended.resolve()
  })
  // A receiver has nothing to say.
  socket.resume()

  return {
    async write(bytes, signal) {
      assertOpen()
      const onAbort = (): void => fail('given up')
      signal.addEventListener('abort', onAbort)
      using _ = clock.schedule(writeTimeoutMs, () => fail(`${name} takes nothing`))
      try {
        await new Promise<void>((resolve, reject) => {
          socket.write(bytes, (error) => (error ? reject(error) : resolve()))
        })
      } catch (error) {
        throw failure ?? error
      } finally {
        signal.removeEventListener('abort', onAbort)
      }
      assertOpen()
      return { taken: unconfirmed.add(bytes.length) }
    },
    async end() {
      isEnding = true
      socket.end()
      await within(endWaitMs, ended.promise)
      socket.destroy()
      await ended.promise
    },
  }
}
