import type { Socket } from 'node:net'

/**
 * Looks at the first bytes of a connection before anybody else does. `decide` gets all that has come, each time that there
 * is more, until it answers something; these bytes are left unread then, unless it says that they are `taken`. Whoever
 * brings too little in `timeoutMs`, or ends before, is gone: undefined.
 */
export function lookAtStart<T>(
  connection: Socket,
  timeoutMs: number,
  decide: (received: Buffer) => { readonly found: T; readonly taken?: boolean } | undefined,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0)
    const finish = (found?: T): void => {
      clearTimeout(timer)
      connection.off('readable', onReadable).off('end', onLost).off('close', onLost)
      resolve(found)
    }
    const onLost = (): void => {
      connection.destroy()
      finish()
    }
    const timer = setTimeout(onLost, timeoutMs)
    function onReadable(): void {
      const chunk = connection.read() as Buffer | null
      if (chunk === null) return
      received = Buffer.concat([received, chunk])
      const decided = decide(received)
      if (decided === undefined) return
      // At once: an end that has come already is told in the next step.
      if (decided.taken !== true) connection.unshift(received)
      finish(decided.found)
    }
    if (connection.readableEnded || connection.destroyed) onLost()
    else connection.on('readable', onReadable).on('end', onLost).on('close', onLost)
  })
}
