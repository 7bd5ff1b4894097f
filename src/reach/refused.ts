import { AccessError, type ErrorDetails } from '../errors.ts'
import { requestIdHeader } from '../tunnel/headers.ts'
import { printable } from '../terminal-text.ts'
import { decodeRefusal } from '../tunnel/refusal.ts'
import type { HttpAnswer } from './http-answer.ts'

/** The gateway said no: its own words where it had some, ours for the status where it had none. */
export class RefusedError extends AccessError {
  readonly status: number
  /** Names the request in the gateway's logs; empty when the gateway gave none. */
  readonly requestId: string
  readonly reasons: readonly string[]
  /** The address of a page that says more to the person it concerns. */
  readonly page: string | undefined

  constructor(
    code: string,
    message: string,
    details: ErrorDetails & {
      status: number
      requestId: string
      reasons: readonly string[]
      page?: string | undefined
    },
  ) {
    super(code, message, details)
    this.status = details.status
    this.requestId = details.requestId
    this.reasons = details.reasons
    this.page = details.page
  }
}

/** Statuses by which a gateway asks for a sign-in (reference: Pomerium's client, section 1.6). */
const signInStatuses: ReadonlySet<number> = new Set([301, 302, 307, 308, 401])

interface Meaning {
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
}

/** What a status means when the gateway does not say it itself; `%` stands for the destination. */
const meanings: Readonly<Record<number, Meaning>> = {
  403: {
    code: 'policy-denied',
    message: 'access to "%" is denied',
    hint: 'ask whoever runs the gateway for access, with the request id',
  },
  404: {
    code: 'route-not-found',
    message: 'the gateway has no route "%"',
    hint: 'check the name and the port: the port is the one in the route\'s "from"',
  },
  450: {
    code: 'device-not-allowed',
    message: 'this device is not allowed to use "%"',
    hint: 'register the device with the gateway in a browser',
  },
  495: {
    code: 'client-certificate-required',
    message: '"%" asks for a client certificate',
    hint: 'give it with "--client-cert" and "--client-key"',
  },
  503: {
    code: 'upstream-unreachable',
    message: 'the service behind "%" cannot be reached now',
    hint: 'try again later; your sign-in is kept',
  },
}

/** What a gateway of ours says by its code, and the status does not. */
const ownCodes: Readonly<Record<string, string>> = {
  bastion_target_missing: 'bastion-target-missing',
  bastion_target_refused: 'bastion-target-refused',
  no_bastion: 'no-bastion',
  too_many_tunnels: 'too-many-tunnels',
  gateway_exhausted: 'gateway-exhausted',
  gateway_leaving: 'gateway-leaving',
}

/** Whether a gateway asks for a sign-in. */
export function wantsSignIn({ status }: HttpAnswer): boolean {
  return signInStatuses.has(status)
}

/** Turns a refusal of the gateway into an error. */
export function refusedError(answer: HttpAnswer, authority: string): RefusedError {
  const body = decodeRefusal(answer.body)
  const meaning = meanings[answer.status] ?? unexpected(answer.status)
  return new RefusedError(
    ownCodes[body?.code ?? ''] ?? meaning.code,
    body?.message || meaning.message.replace('%', authority),
    {
      hint: body?.next || meaning.hint,
      status: answer.status,
      requestId: body?.requestId || printable(answer.headers[requestIdHeader]),
      reasons: body?.reasons ?? [],
      page: body?.page,
    },
  )
}

/** The same of what is no CONNECT, by the gateway's own words; undefined where it had none. */
export function refusedBy({ status, body, headers }: HttpAnswer): RefusedError | undefined {
  const said = decodeRefusal(body)
  if (said === undefined) return undefined
  return new RefusedError(said.code.replaceAll('_', '-'), said.message, {
    hint: said.next || undefined,
    status,
    requestId: said.requestId || printable(headers[requestIdHeader]),
    reasons: said.reasons ?? [],
    page: said.page,
  })
}

function unexpected(status: number): Meaning {
  return {
    code: 'unexpected-answer',
    message: `the gateway answered ${status} for "%", which is no answer to CONNECT`,
    hint: 'check that a gateway listens there, and what its log says',
  }
}
