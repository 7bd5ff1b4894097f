import type { Fault, Problem } from '../../console/wire/common.ts'
import { reportAnswer, reportSilence } from './connection.ts'

/** Everything the console does is a call of this API, which anybody may call: `docs/openapi.json`. */
const base = '/api/v1'
/**
 * Longest wait for an answer, in milliseconds.
 *
 * @limit none: a browser's wait for an answer; it says so
 */
const maxAnswerMs = 30_000

/** How the API says that it did not do something; without an id where nobody answered. */
type FaultAnswer = Omit<Fault, 'request_id'> & Partial<Pick<Fault, 'request_id'>>

/** Why a call was not answered as it was meant to be. */
export class ApiFault extends Error {
  /** The API's stable code, such as `conflict`; `unreachable` where nobody answered. */
  readonly code: string
  /** The HTTP status; 0 where nobody answered. */
  readonly status: number
  readonly hint: string | undefined
  readonly requestId: string | undefined
  readonly problems: readonly Problem[]
  /** With `conflict`: what was changed meanwhile, as it is now. */
  readonly current: unknown

  constructor(status: number, { error, message, ...more }: FaultAnswer, cause?: unknown) {
    super(message, { cause })
    this.name = 'ApiFault'
    this.status = status
    this.code = error
    this.hint = more.hint
    this.requestId = more.request_id
    this.problems = more.problems ?? []
    this.current = more.current
  }
}

/** Values of a query; those that are undefined or empty are left out. */
export type Query = Readonly<Record<string, string | number | undefined>>

export interface GetOptions {
  readonly query?: Query
  readonly signal?: AbortSignal
}

/**
 * Asks for something; `path` is that of the API, such as `/tunnels`.
 *
 * @throws ApiFault
 */
export function get<T>(path: string, { query, signal }: GetOptions = {}): Promise<T> {
  return call<T>('GET', addressOf(path, query), undefined, signal)
}

/** @throws ApiFault */
export function post<T>(path: string, body?: object): Promise<T> {
  return call<T>('POST', addressOf(path), body)
}

/** @throws ApiFault */
export function put<T>(path: string, body: object): Promise<T> {
  return call<T>('PUT', addressOf(path), body)
}

/** @throws ApiFault */
export function del<T>(path: string, query?: Query): Promise<T> {
  return call<T>('DELETE', addressOf(path, query))
}

/** The address of a call, for a link to a file such as `/sessions.csv` as well. */
export function addressOf(path: string, query: Query = {}): string {
  const words = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== '') words.set(name, String(value))
  return words.size === 0 ? base + path : `${base}${path}?${words.toString()}`
}

async function call<T>(
  method: string,
  address: string,
  body?: object,
  signal?: AbortSignal,
): Promise<T> {
  const timeout = AbortSignal.timeout(maxAnswerMs)
  let response: Response
  let text: string
  try {
    response = await fetch(address, {
      method,
      headers: headersOf(method, body),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(body && { body: JSON.stringify(body) }),
    })
    text = await response.text()
  } catch (error) {
    if (signal?.aborted === true) throw error
    reportSilence()
    throw new ApiFault(0, method === 'GET' ? unreachable : notKnown, error)
  }
  reportAnswer(response.status)
  if (!response.ok) throw new ApiFault(response.status, parseFault(text, response.status))
  try {
    return (text === '' ? undefined : JSON.parse(text)) as T
  } catch (error) {
    throw new ApiFault(response.status, notUnderstood(response.status), error)
  }
}

/** Another site's page cannot send such a header without asking first, which the API does not allow it. */
function headersOf(method: string, body: object | undefined): Record<string, string> {
  return {
    accept: 'application/json',
    ...(method !== 'GET' && { 'x-postern-request': '1' }),
    ...(body && { 'content-type': 'application/json' }),
  }
}

const unreachable: FaultAnswer = {
  error: 'unreachable',
  message: 'the gateway does not answer',
  hint: 'see whether you are connected, and try again',
}

/** What somebody wanted changed may have been, and its answer lost on the way. */
const notKnown: FaultAnswer = {
  ...unreachable,
  hint: 'whether it was done is not known: see whether you are connected, and look before you try again',
}

/** Something on the way may answer as well, and not in JSON. */
function parseFault(text: string, status: number): FaultAnswer {
  try {
    const value = JSON.parse(text) as Partial<FaultAnswer>
    if (typeof value.error === 'string' && typeof value.message === 'string')
      return value as FaultAnswer
  } catch {
    // As below.
  }
  return notUnderstood(status)
}

function notUnderstood(status: number): FaultAnswer {
  return { error: 'not-understood', message: `the answer was ${status}, and not the gateway's own` }
}
