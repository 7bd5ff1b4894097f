/** @see https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol-messages */
export const messageTypes = { call: 1, reply: 2, error: 3, signal: 4 } as const
/** The sender of a call does not wait. */
export const noReplyExpected = 1

/** A message of D-Bus. A variant of the body is `[signature, value]` when sent, and `[tree, [value]]` when received. */
export interface BusMessage {
  readonly type: number
  readonly flags?: number
  readonly serial?: number
  readonly replySerial?: number
  readonly sender?: string
  readonly destination?: string
  readonly path?: string
  readonly interface?: string
  readonly member?: string
  readonly errorName?: string
  readonly signature?: string
  readonly body?: readonly unknown[]
}
