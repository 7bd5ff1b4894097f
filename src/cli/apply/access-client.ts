import { createControlClient, type AccessTextClient } from '../../control/client.ts'
import type { ImportOutcome } from '../../control/document-protocol.ts'
import type { ReachAnswer } from '../../control/reach-protocol.ts'
import {
  AccessError,
  ConfigError,
  PeerError,
  SystemError,
  UpstreamError,
  type AppError,
  type Problem,
} from '../../errors.ts'
import { createDialer } from '../../reach/dialer.ts'
import { createSendToGateway, type GatewayRequest } from '../../reach/gateway-request.ts'
import type { HttpAnswer } from '../../reach/http-answer.ts'
import { gatewayOf } from '../asking/gateway-of.ts'
import { findStateDirectory } from '../commands/state-directory.ts'
import { readServiceAccount } from '../credentials/given.ts'
import { clientEnvironment, environment } from '../process/environment.ts'
import { processVoice } from '../speech/voice.ts'
import type { WhereOptions } from './apply-options.ts'

/** Whom a command asks: the gateway that runs here, or with `--gateway` another one by its API. */
export async function accessClient(
  options: WhereOptions,
  command: string,
): Promise<AccessTextClient> {
  const { gateway } = options
  if (gateway === undefined) return createControlClient(await findStateDirectory(options))
  const voice = processVoice({
    format: 'human',
    level: 'info',
    component: { human: command, json: command },
  })
  const token = await readServiceAccount(options, environment)
  if (token === undefined) throw withoutCredential()
  const { gateway: address, trust } = await gatewayOf(gateway, options, voice)
  const send = createSendToGateway(
    createDialer({
      ...clientEnvironment(),
      gateway: address,
      trust,
      log: voice,
      unreachableHint: 'check the address that "--gateway" names, and the network',
    }),
  )
  const ask = (request: GatewayRequest): Promise<HttpAnswer> =>
    send({ ...request, bearer: token, maxBodyBytes: maxAnswerBytes }, new AbortController().signal)
  async function post<T>(path: string, input: object): Promise<T> {
    const body = JSON.stringify(input)
    const answer = await ask({ method: 'POST', path, body, type: 'application/json' })
    if (answer.status !== 200) throw refused(answer)
    return JSON.parse(answer.body) as T
  }
  return {
    async exportAccess({ source = 'store' }) {
      const answer = await ask({ method: 'GET', path: `/api/v1/export?source=${source}` })
      if (answer.status !== 200) throw refused(answer)
      return { text: answer.body }
    },
    importAccess: (input) => post<ImportOutcome>('/api/v1/import', input),
    reach: (request) => post<ReachAnswer>('/api/v1/reach', request),
  }
}

/** @limit an answer of the gateway's API to a command: `unexpected-answer` */
const maxAnswerBytes = 32 * 1024 * 1024

interface ApiFault {
  readonly error: string
  readonly message: string
  readonly hint?: string
  readonly problems?: readonly Problem[]
}

function refused({ status, body }: HttpAnswer): AppError {
  const fault = faultIn(body)
  if (fault === undefined)
    return new PeerError('unexpected-answer', `the gateway answered ${status} to its API`, {
      hint: 'is this the address where people sign in, and is the gateway of this release?',
    })
  const { problems, message, hint } = fault
  if (problems !== undefined && problems.length > 0) return new ConfigError(problems)
  const code = fault.error.replaceAll('_', '-')
  const Fault =
    status >= 500 ? UpstreamError : status === 401 || status === 403 ? AccessError : PeerError
  return new Fault(status === 401 ? 'service-account-rejected' : code, message, { hint })
}

function faultIn(body: string): ApiFault | undefined {
  try {
    const read: unknown = JSON.parse(body)
    const isFault =
      typeof read === 'object' && read !== null && 'error' in read && 'message' in read
    return isFault ? (read as ApiFault) : undefined
  } catch {
    return undefined
  }
}

function withoutCredential(): SystemError {
  return new SystemError('no-credential', '"--gateway" needs the credential of a service account', {
    hint: 'set POSTERN_SERVICE_ACCOUNT_FILE, or use "--service-account-file"',
  })
}
