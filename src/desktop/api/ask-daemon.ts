import { request, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { ConfigError, PeerError, SystemError, messageOf, systemCode } from '../../errors.ts'
import type { Calls, Fault } from '../wire/calls.ts'
import type { DaemonEvent } from '../wire/view.ts'

/**
 * Longest wait for the daemon's answer, in milliseconds: connections have tried to listen by then.
 *
 * @limit time for the desktop daemon to answer a command: an error that says so
 */
const maxAnswerMs = 30_000

/** The daemon of this user, by its socket. */
export interface DaemonClient {
  /**
   * Asks for something; `params` fill the `:name`s of the path.
   *
   * @throws SystemError `daemon-not-running`, `daemon-silent`; ConfigError and PeerError as the daemon says
   */
  ask<Name extends keyof Calls>(
    call: Name,
    input?: Calls[Name]['input'],
    params?: Readonly<Record<string, string>>,
  ): Promise<Calls[Name]['answer']>
  /** Everything now, and what changes, until the signal or the daemon's end. */
  follow(signal: AbortSignal): AsyncGenerator<DaemonEvent>
}

export function createDaemonClient(socketPath: string): DaemonClient {
  return {
    async ask(call, input, params = {}) {
      const [method = '', path = ''] = call.split(' ')
      const filled = path.replaceAll(/:(\w+)/g, (_, name: string) =>
        encodeURIComponent(params[name] ?? ''),
      )
      const body = input === undefined ? undefined : JSON.stringify(input)
      const signal = AbortSignal.timeout(maxAnswerMs)
      const response = await send(socketPath, method, filled, body, signal)
      const text = await textOf(response, signal)
      if (response.statusCode === 200) return JSON.parse(text) as never
      throw faultFrom(text)
    },
    async *follow(signal) {
      const response = await send(socketPath, 'GET', '/events', undefined, signal)
      try {
        for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
          yield JSON.parse(line) as DaemonEvent
        }
      } finally {
        response.destroy()
      }
    },
  }
}

function send(
  socketPath: string,
  method: string,
  path: string,
  body: string | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const sent = request({ socketPath, method, path, headers, signal }, resolve)
    sent.once('error', (error) => reject(connectionError(error, signal, socketPath)))
    sent.end(body)
  })
}

async function textOf(response: IncomingMessage, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer)
  } catch (error) {
    throw connectionError(error, signal)
  }
  return Buffer.concat(chunks).toString()
}

const nobodyThere: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR'])

/** What systems say of a path that is too long for the address of a socket. */
const tooLong: ReadonlySet<string> = new Set(['EINVAL', 'ENAMETOOLONG'])

function connectionError(error: unknown, signal: AbortSignal, socketPath = ''): SystemError {
  if (nobodyThere.has(systemCode(error) ?? '')) {
    return new SystemError('daemon-not-running', 'no connections are up: the daemon does not run', {
      hint: 'start it with "postern up"',
      cause: error,
    })
  }
  if (tooLong.has(systemCode(error) ?? '')) {
    return new SystemError('daemon-not-started', `"${socketPath}" is too long for a socket`, {
      hint: 'systems allow about 100 bytes: set XDG_STATE_HOME to a directory with a shorter path',
      cause: error,
    })
  }
  const what = signal.aborted ? 'the daemon does not answer' : messageOf(error)
  return new SystemError('daemon-silent', `cannot ask the daemon: ${what}`, {
    hint: 'its log says more: "postern logs --daemon"',
    cause: error,
  })
}

function faultFrom(text: string): Error {
  let fault: Partial<Fault>
  try {
    fault = JSON.parse(text) as Partial<Fault>
  } catch {
    fault = {}
  }
  const {
    problems,
    code = 'daemon-silent',
    message = 'the daemon answered something else',
    hint,
  } = fault
  if (problems !== undefined) return new ConfigError(problems.map((it) => ({ source: '', ...it })))
  return new PeerError(code, message, { hint })
}
