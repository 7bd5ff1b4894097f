import { Duplex } from 'node:stream'

/** What a connection brings from now on, and nothing of what is written here. */
export interface ReadOn {
  readonly stream: Duplex
  /** Ends it. What was read too far, `head` first, is the connection's again. */
  giveBack(head: Buffer): void
}

/**
 * Reads on from a connection for a parser that has been through with it. Node takes the first answer to
 * CONNECT for the last, and any number of 1xx may come before that (RFC 9110 §15.2): each further answer
 * is parsed as one to a request of its own, which is not sent.
 */
export function readOn(connection: Duplex): ReadOn {
  const stream = new Duplex({
    read: take,
    write: (_chunk, _encoding, done) => done(),
    // The parser is through with it, or gives it up and ends the connection itself.
    destroy(error, done) {
      release()
      done(error)
    },
  })
  const onEnd = (): void => void stream.push(null)
  const onLost = (error?: Error): void => void stream.destroy(error ?? lost())

  function take(): void {
    for (let chunk = connection.read(); chunk !== null; chunk = connection.read()) {
      stream.push(chunk)
    }
  }

  function release(): void {
    connection.off('readable', take).off('end', onEnd).off('error', onLost).off('close', onLost)
  }

  connection.on('readable', take).on('end', onEnd).on('error', onLost).on('close', onLost)
  return {
    stream,
    giveBack(rest) {
      release()
      const unread = stream.read() as Buffer | null
      const bytes = Buffer.concat(unread === null ? [rest] : [rest, unread])
      if (bytes.length > 0) connection.unshift(bytes)
    },
  }
}

function lost(): Error {
  return Object.assign(new Error('the connection has ended'), { code: 'ECONNRESET' })
}
