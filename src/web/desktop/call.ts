import type { Calls, Fault, Problem } from '../../desktop/wire/calls.ts'
import { notUnderstood, parseFault } from './parse-fault.ts'
import { pathOf } from './path-of.ts'
import { send } from './send.ts'

/**
 * Longest wait for an answer, in milliseconds: a gateway that is far away answers some of them.
 *
 * @limit none: a browser's wait for an answer; it says so
 */
const maxAnswerMs = 60_000

/** What a call needs besides its name: what is sent, and the `:id` of its path. */
export type CallOptions<K extends keyof Calls> = {
  readonly signal?: AbortSignal
} & (K extends `${string}/:id${string}` ? { readonly id: string } : object) &
  (Calls[K]['input'] extends undefined ? object : { readonly input: Calls[K]['input'] })

/** Why the daemon did not do what it was asked. */
export class DaemonFault extends Error {
  /** The daemon's stable code; `unreachable` where nobody answered. */
  readonly code: string
  /** The HTTP status; 0 where nobody answered. */
  readonly status: number
  readonly hint: string | undefined
  readonly requestId: string | undefined
  /** A page of a gateway that says more. */
  readonly page: string | undefined
  readonly problems: readonly Problem[]

  constructor(status: number, fault: Fault, cause?: unknown) {
    super(fault.message, { cause })
    this.name = 'DaemonFault'
    this.status = status
    this.code = fault.code
    this.hint = fault.hint
    this.requestId = fault.request_id
    this.page = fault.page
    this.problems = fault.problems ?? []
  }
}

/**
 * Asks the daemon for something: a row of `Calls`.
 *
 * @throws DaemonFault
 */
export async function call<K extends keyof Calls>(
  name: K,
  options: CallOptions<K>,
): Promise<Calls[K]['answer']> {
  const { id, input, signal } = options as {
    readonly id?: string
    readonly input?: object
    readonly signal?: AbortSignal
  }
  const [method = '', path = ''] = name.split(' ')
  const timeout = AbortSignal.timeout(maxAnswerMs)
  let response: Response
  let text: string
  try {
    response = await send(pathOf(path, id), {
      method,
      headers: {
        accept: 'application/json',
        ...(input && { 'content-type': 'application/json' }),
      },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(input && { body: JSON.stringify(input) }),
    })
    text = await response.text()
  } catch (error) {
    if (signal?.aborted === true || error instanceof DaemonFault) throw error
    throw new DaemonFault(0, method === 'GET' ? unreachable : notKnown, error)
  }
  if (!response.ok) throw new DaemonFault(response.status, parseFault(text, response.status))
  try {
    return JSON.parse(text) as Calls[K]['answer']
  } catch (error) {
    throw new DaemonFault(response.status, notUnderstood(response.status), error)
  }
}

const unreachable: Fault = {
  code: 'unreachable',
  message: 'Postern’s background program does not answer',
  hint: 'run “postern up”, and try again',
}

/** What somebody wanted changed may have been, and its answer lost on the way. */
const notKnown: Fault = {
  ...unreachable,
  hint: 'whether it was done is not known: run “postern up”, and look before you try again',
}
