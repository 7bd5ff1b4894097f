import { setTimeout as pause } from 'node:timers/promises'
import {
  createAccessRequestClient,
  type AccessRequestClient,
} from '../../client/requests/access-requests.ts'
import type { PresentSignIn } from '../../client/sign-in/browser-sign-in.ts'
import { AccessError, PeerError } from '../../errors.ts'
import { isId, type AccessRequestAnswer } from '../../tunnel/access-request.ts'
import type { TrustFlags } from '../asking/ask-options.ts'
import { askToSignIn } from '../asking/ask-to-sign-in.ts'
import { gatewayOf } from '../asking/gateway-of.ts'
import { gatewayForRequest } from './gateway-for.ts'
import { clientEnvironment } from '../process/environment.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { untilEndSignal } from '../process/signals.ts'
import { note, printJson, printLine } from '../speech/print.ts'
import { sayTime } from '../../say-time.ts'
import { printTable } from '../speech/table.ts'
import { processVoice } from '../speech/voice.ts'
import { secondsOf } from './seconds-of.ts'

/** The options that all of them have, as they were given. */
export interface RequestOptions extends TrustFlags {
  readonly gateway?: string
  readonly browserCmd?: string
  readonly json?: true
}

export interface NewRequestOptions extends RequestOptions {
  readonly for?: string
  readonly reason?: string
  readonly wait?: true
  readonly breakGlass?: true
}

/** Between two looks at whether somebody has answered, in milliseconds. */
const lookAgainMs = 2_000

/** Runs `postern request`; resolves to the exit code. Throws AppError for everything that goes wrong. */
export async function runRequest(route: string, options: NewRequestOptions): Promise<number> {
  const forSeconds = secondsOf(options.for ?? '')
  const act: Act = async (client, signal) => {
    const { reason = '', breakGlass: isBreakGlass = false, wait = false } = options
    const asked = await client.ask({ route, forSeconds, reason, isBreakGlass })
    if (wait && asked.state === 'pending') {
      note(`asked as ${asked.id}; waiting until somebody has answered`)
      const answered = await untilAnswered(asked, client, signal)
      print(answered, options)
      if (answered.state !== 'approved') throw notGiven(answered)
    } else print(asked, options)
  }
  return withClient(options, act, route)
}

/** Runs `postern request list`. */
export async function runList(options: RequestOptions): Promise<number> {
  return withClient(options, async (client) => {
    const requests = await client.list()
    if (options.json === true) printJson({ requests: requests.map(toJson) })
    else if (requests.length === 0) note('you have asked for access to nothing')
    else
      printTable([
        ['ID', 'ROUTE', 'STATE', 'UNTIL', 'ASKED', 'REASON'],
        ...requests.map((it) => [it.id, it.routeName, it.state, it.until, it.askedAt, it.reason]),
      ])
  })
}

/** Runs `postern request cancel`. */
export async function runCancel(id: string, options: RequestOptions): Promise<number> {
  if (!isId(id))
    throw new PeerError('access-request-not-found', `"${id}" is no id of a request`, {
      hint: 'see "postern request list"',
    })
  return withClient(options, async (client) => {
    print(await client.end(id), options)
  })
}

type Act = (client: AccessRequestClient, signal: AbortSignal) => Promise<void>

/** Where it is about a route, at the gateway that has it. */
async function withClient(options: RequestOptions, act: Act, route?: string): Promise<number> {
  const component = { human: 'request', json: 'request' }
  const voice = processVoice({ format: 'human', level: 'warn', component })
  const told = clientEnvironment()
  const { gateway, trust } = await (route === undefined
    ? gatewayOf(options.gateway, options, voice, '--gateway')
    : gatewayForRequest(route, options, voice))
  const presentSignIn: PresentSignIn = (url, tab, onFailed) =>
    askToSignIn(url, tab, { browserCmd: options.browserCmd, onFailed }, voice)
  const client = { ...told, gateway, trust, presentSignIn, log: voice }
  const done = await untilEndSignal(async (signal) => {
    await act(createAccessRequestClient(client, signal), signal)
    return {}
  })
  return typeof done === 'number' ? done : exitCodes.ok
}

async function untilAnswered(
  asked: AccessRequestAnswer,
  client: AccessRequestClient,
  signal: AbortSignal,
): Promise<AccessRequestAnswer> {
  let current = asked
  while (current.state === 'pending') {
    await pause(lookAgainMs, undefined, { signal })
    current = await client.find(asked.id)
  }
  return current
}

function print(request: AccessRequestAnswer, { json }: RequestOptions): void {
  if (json === true) printJson(toJson(request))
  else printLine(inWords(request))
}

function inWords(request: AccessRequestAnswer): string {
  const { id, routeName, state, decidedBy, endedBy, until, expiresAt, note: said } = request
  const words = said === '' ? '' : `: ${said}`
  const sentences: Readonly<Record<string, string>> = {
    pending: `${id}: asked for access to "${routeName}"; it waits for an answer until ${sayTime(expiresAt)}`,
    approved: `${id}: access to "${routeName}" until ${sayTime(until)}, given by ${decidedBy}${words}`,
    denied: `${id}: ${decidedBy} has denied access to "${routeName}"${words}`,
    cancelled: `${id}: taken back`,
    expired: `${id}: nobody has answered in time`,
    ended: `${id}: access to "${routeName}" has ended${endedBy === '' ? '' : `, by ${endedBy}`}`,
  }
  return sentences[state] ?? `${id}: ${state}`
}

function toJson(request: AccessRequestAnswer): object {
  return {
    id: request.id,
    route_name: request.routeName,
    state: request.state,
    reason: request.reason,
    for_seconds: request.forSeconds,
    asked_at: request.askedAt,
    expires_at: request.expiresAt,
    decided_by: request.decidedBy || undefined,
    note: request.note || undefined,
    until: request.until || undefined,
    ended_by: request.endedBy || undefined,
    break_glass: request.isBreakGlass,
  }
}

function notGiven({ id, state }: AccessRequestAnswer): AccessError {
  return new AccessError('access-denied', `request ${id} gave no access: it is ${state}`)
}
