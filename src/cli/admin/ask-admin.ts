import { askAsAdmin, type AdminRequest } from '../../control/client.ts'
import { AccessError, PeerError, SystemError } from '../../errors.ts'
import { createDialer } from '../../reach/dialer.ts'
import { createSendToGateway } from '../../reach/gateway-request.ts'
import type { HttpAnswer } from '../../reach/http-answer.ts'
import type { TrustFlags } from '../asking/ask-options.ts'
import { gatewayOf } from '../asking/gateway-of.ts'
import type { StateOptions } from '../commands/gateway-options.ts'
import { findStateDirectory } from '../commands/state-directory.ts'
import { readServiceAccount, warnAboutSecrets } from '../credentials/given.ts'
import type { ServiceAccountOptions } from '../credentials/given.ts'
import { clientEnvironment, environment } from '../process/environment.ts'
import { processVoice } from '../speech/voice.ts'

/** The options of every command of `postern admin`. */
export interface AdminOptions extends StateOptions, TrustFlags, ServiceAccountOptions {
  /** Its API is asked, and not the socket of a gateway on this machine. */
  readonly gateway?: string
  readonly json?: boolean
}

/** Asks a gateway; answers what it said. */
export type AskAdmin = <T>(request: AdminRequest) => Promise<T>

/** @limit an answer of the API to `postern admin`: an error that names the gateway */
const maxAnswerBytes = 16 * 1024 * 1024

/**
 * By the control socket of a gateway on this machine, or by the API of another with the credential of a service
 * account.
 *
 * @throws SystemError `no-credential`, `gateway-not-running`; UpstreamError; what the gateway says
 */
export async function adminOf(options: AdminOptions): Promise<AskAdmin> {
  if (options.gateway !== undefined) return byApi(options.gateway, options)
  const stateDirectory = await findStateDirectory(options)
  return async <T>(request: AdminRequest) => (await askAsAdmin(stateDirectory, request)) as T
}

async function byApi(gatewayText: string, options: AdminOptions): Promise<AskAdmin> {
  const voice = processVoice({
    format: 'human',
    level: 'warn',
    component: { human: 'admin', json: 'admin' },
  })
  const { gateway, trust } = await gatewayOf(gatewayText, options, voice)
  const token = await readServiceAccount(options, environment)
  if (token === undefined) {
    throw new SystemError('no-credential', `"${gateway.origin}" is asked by a service account`, {
      hint: 'name a file with its credential by "--service-account-file"',
    })
  }
  warnAboutSecrets(options, voice)
  const { proxies } = clientEnvironment()
  const send = createSendToGateway(createDialer({ gateway, trust, proxies, log: voice }))
  return async <T>({ method, path, body }: AdminRequest) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body), type: 'application/json' }
    const request = { method, path: `/api/v1${path}`, token, maxBodyBytes: maxAnswerBytes, ...sent }
    const answer = await send(request, new AbortController().signal)
    return read(answer, gateway.origin) as T
  }
}

function read({ status, body }: HttpAnswer, origin: string): unknown {
  const value = parse(body)
  if (status >= 200 && status < 300) return value
  const fault = typeof value === 'object' && value !== null && 'error' in value ? value : undefined
  if (fault === undefined) {
    throw new PeerError(
      'not-a-gateway',
      `"${origin}" answered ${status}, and not as a gateway does`,
      {
        hint: 'check that a gateway of this release listens there',
      },
    )
  }
  const { error, message, hint } = fault as { error: unknown; message?: unknown; hint?: unknown }
  const Fault = status === 401 || status === 403 ? AccessError : PeerError
  throw new Fault(
    String(error).replaceAll('_', '-'),
    typeof message === 'string' ? message : 'it says no',
    {
      hint: typeof hint === 'string' ? hint : undefined,
    },
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A list of the API, however many answers it comes in. */
export async function listAll<T>(ask: AskAdmin, path: string): Promise<readonly T[]> {
  const items: T[] = []
  let cursor: string | null | undefined
  do {
    const words = new URLSearchParams(cursor ? { cursor } : {})
    const page = await ask<{ items: readonly T[]; next_cursor?: string | null }>({
      method: 'GET',
      path: words.size === 0 ? path : `${path}?${words.toString()}`,
    })
    items.push(...page.items)
    cursor = page.next_cursor
  } while (cursor)
  return items
}
