import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Child } from './child.ts'

/** Longest start of a server, in milliseconds. */
const maxStartMs = 60_000
const retryMs = 50

/**
 * Tries to connect until somebody listens; rejects when the server ends instead, or takes too long. `accepts`
 * tries once, on this machine unless given.
 */
export async function untilListening(
  port: number,
  server: Child,
  accepts: (port: number) => Promise<boolean> = acceptsHere,
): Promise<void> {
  let isGone = false
  const gone = server.ended.then((ending) => {
    isGone = true
    throw new Error(`the server ended with ${ending}: ${server.errors()}${server.output()}`)
  })
  gone.catch(() => undefined)
  const deadlineMs = Date.now() + maxStartMs
  while (!(await accepts(port))) {
    if (isGone) await gone
    if (Date.now() > deadlineMs) throw new Error(`nobody listens on port ${port}`)
    await Promise.race([gone, wait(retryMs)])
  }
}

function acceptsHere(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const finish = (isOpen: boolean): void => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.once('connect', () => finish(true)).once('error', () => finish(false))
  })
}
