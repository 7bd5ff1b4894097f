import { join } from 'node:path'
import type {
  AccessExport,
  AccessExportQuery,
  AccessImport,
  ImportOutcome,
} from './document-protocol.ts'
import type { ReachAnswer, ReachRequest } from './reach-protocol.ts'
import { ConfigError, SystemError, systemCode } from '../errors.ts'
import type {
  TrialListQuery,
  TryAnswer,
  TryRequest,
  WhatCanAnswer,
  WhoCanAnswer,
} from './trial-protocol.ts'
import type {
  AuditCheckpointAnswer,
  AuditSearchAnswer,
  AuditSearchQuery,
} from './audit-protocol.ts'
import type {
  AccountChanged,
  AccountInvitation,
  AccountInvitationInput,
  AccountList,
} from './accounts.ts'
import type { Blocked, BlockList, Unblocked } from './blocks.ts'
import type { AccessRequestSummary } from './request-view.ts'
import type { ApprovalInput } from './requests.ts'
import { stateFiles } from '../store/state-directory.ts'
import type {
  ControlFault,
  IssuedCredential,
  PublisherList,
  Revocation,
  ServiceAccountCreation,
  ServiceAccountList,
  ServiceAccountRotation,
  SessionList,
  SigningKeyList,
  SigningKeyRotation,
  SigningKeysForgotten,
  SshCaKeys,
  ConnectorList,
  ConnectorsCut,
  ConnectorsDrained,
  ConnectorsNamed,
  TokenKeyList,
  TokenRotation,
  TokenRotationStep,
  TunnelCut,
  TunnelList,
  TunnelsToCut,
} from './protocol.ts'

// `import … from 'node:http'` reads every export, and with them Node's whole fetch (40 ms).
const { request } = process.getBuiltinModule('node:http')

/**
 * Longest wait for a running gateway's answer, in milliseconds.
 *
 * @limit time for a running gateway to answer a command: an error that says so
 */
const maxAnswerMs = 10_000

/** What would be decided, by a gateway that runs or by a configuration alone. */
export interface TrialClient {
  tryAccess(request: TryRequest): Promise<TryAnswer>
  whoCan(route: string, query: TrialListQuery): Promise<WhoCanAnswer>
  whatCan(who: string, query: TrialListQuery): Promise<WhatCanAnswer>
}

/** Routes and policies as one text. */
export interface AccessTextClient {
  exportAccess(query: AccessExportQuery): Promise<AccessExport>
  importAccess(input: AccessImport): Promise<ImportOutcome>
  /** What changes would do. */
  reach(request: ReachRequest): Promise<ReachAnswer>
}

/** Speaks to the gateway that runs on a state directory. */
export interface ControlClient extends TrialClient, AccessTextClient {
  listTunnels(): Promise<TunnelList>
  cutTunnels(which: TunnelsToCut): Promise<TunnelCut>
  listSessions(): Promise<SessionList>
  revokeSession(id: string): Promise<Revocation>
  /** Ends every session of one person, named by email address or user id. */
  revokeUser(user: string): Promise<Revocation>
  listBlocks(): Promise<BlockList>
  /** Resolves once their tunnels are cut. */
  blockPerson(who: string, reason: string): Promise<Blocked>
  unblockPerson(who: string): Promise<Unblocked>
  /** Newest first: as many as one answer has. */
  listAccessRequests(state?: 'pending' | 'approved'): Promise<{
    readonly requests: readonly AccessRequestSummary[]
  }>
  approveAccess(id: string, answer: ApprovalInput): Promise<AccessRequestSummary>
  denyAccess(id: string, note?: string): Promise<AccessRequestSummary>
  endAccess(id: string, note?: string): Promise<AccessRequestSummary>
  listAccounts(): Promise<AccountList>
  inviteAccount(invitation: AccountInvitationInput): Promise<AccountInvitation>
  resetAccount(
    who: string,
    input: Pick<AccountInvitationInput, 'expires_in_seconds'>,
  ): Promise<AccountInvitation>
  /** Those that end sessions resolve once no tunnel of these is left. */
  changeAccount(change: 'disable' | 'enable' | 'remove', who: string): Promise<AccountChanged>
  setAccountGroups(who: string, groups: readonly string[]): Promise<AccountChanged>
  listServiceAccounts(): Promise<ServiceAccountList>
  createServiceAccount(creation: ServiceAccountCreation): Promise<IssuedCredential>
  rotateServiceAccount(id: string, rotation: ServiceAccountRotation): Promise<IssuedCredential>
  /** Resolves once no tunnel of it is left. */
  revokeServiceAccount(id: string): Promise<Revocation>
  listPublishers(): Promise<PublisherList>
  /** One publish credential by its id, or all of a person by email address or user id. */
  revokePublishers(who: string): Promise<Revocation>
  listConnectors(): Promise<ConnectorList>
  cutConnectors(which: ConnectorsNamed): Promise<ConnectorsCut>
  drainConnectors(which: ConnectorsNamed): Promise<ConnectorsDrained>
  listTokenKeys(): Promise<TokenKeyList>
  listSigningKeys(purpose: string): Promise<SigningKeyList>
  rotateSigningKey(purpose: string): Promise<SigningKeyRotation>
  /** Forgets those before the current one. */
  forgetSigningKeys(purpose: string): Promise<SigningKeysForgotten>
  /** What an sshd is to trust. */
  listSshCaKeys(): Promise<SshCaKeys>
  /** Signs how far the audit log has come, and answers that. */
  auditCheckpoint(): Promise<AuditCheckpointAnswer>
  searchAudit(query: AuditSearchQuery): Promise<AuditSearchAnswer>
  /** Makes a new key current, or goes on with a rotation that was interrupted. */
  beginTokenRotation(): Promise<TokenRotation>
  /** Encrypts some more tokens with the current key; begins with '' for `after`. */
  stepTokenRotation(after: string): Promise<TokenRotationStep>
}

/** What `postern admin` asks, by the socket as by the API. */
export interface AdminRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** As below `/api/v1`. */
  readonly path: string
  readonly body?: object | undefined
}

/** Asks the gateway of a state directory as the API is asked; throws as a client's calls do. */
export function askAsAdmin(
  stateDirectory: string,
  { method, path, body }: AdminRequest,
): Promise<unknown> {
  const socketPath = join(stateDirectory, stateFiles.controlSocket)
  return send(socketPath, { method, path: `/admin${path}`, body, timeoutMs: maxAnswerMs })
}

/** Makes a client; each call throws `SystemError` `gateway-not-running` when nobody answers. */
export function createControlClient(
  stateDirectory: string,
  { timeoutMs = maxAnswerMs }: { readonly timeoutMs?: number } = {},
): ControlClient {
  const socketPath = join(stateDirectory, stateFiles.controlSocket)
  const call = <T>(method: string, path: string, body?: object): Promise<T> =>
    send(socketPath, { method, path, body, timeoutMs }) as Promise<T>
  return {
    tryAccess: (trial) => call('POST', '/trials', trial),
    whoCan: (route, query) => call('POST', '/trials/who-can', { route, ...query }),
    whatCan: (who, query) => call('POST', '/trials/what-can', { who, ...query }),
    listTunnels: async () => ({
      tunnels: (await call<{ readonly items: TunnelList['tunnels'] }>('GET', '/admin/tunnels'))
        .items,
    }),
    cutTunnels: (which) => call('POST', '/admin/tunnels/cut', which),
    listSessions: () => call('GET', '/sessions'),
    revokeSession: (id) => call('DELETE', `/sessions/${encodeURIComponent(id)}`),
    revokeUser: (user) => call('DELETE', `/sessions?user=${encodeURIComponent(user)}`),
    listBlocks: () => call('GET', '/blocks'),
    blockPerson: (who, reason) => call('PUT', `/blocks?who=${encodeURIComponent(who)}`, { reason }),
    unblockPerson: (who) => call('DELETE', `/blocks?who=${encodeURIComponent(who)}`),
    listAccessRequests: (state) => call('GET', `/requests?state=${state ?? ''}`),
    approveAccess: (id, answer) =>
      call('POST', `/requests/${encodeURIComponent(id)}/approve`, answer),
    denyAccess: (id, note) => call('POST', `/requests/${encodeURIComponent(id)}/deny`, { note }),
    endAccess: (id, note) => call('POST', `/requests/${encodeURIComponent(id)}/end`, { note }),
    listAccounts: () => call('GET', '/accounts'),
    inviteAccount: (invitation) => call('POST', '/accounts', invitation),
    resetAccount: (who, input) => call('POST', `/accounts/reset?${whose(who)}`, input),
    changeAccount: (change, who) =>
      change === 'remove'
        ? call('DELETE', `/accounts?${whose(who)}`)
        : call('POST', `/accounts/${change}?${whose(who)}`),
    setAccountGroups: (who, groups) => call('POST', `/accounts/groups?${whose(who)}`, { groups }),
    listServiceAccounts: () => call('GET', '/service-accounts'),
    createServiceAccount: (creation) => call('POST', '/service-accounts', creation),
    rotateServiceAccount: (id, rotation) =>
      call('POST', `/service-accounts/${encodeURIComponent(id)}/rotate`, rotation),
    revokeServiceAccount: (id) => call('DELETE', `/service-accounts/${encodeURIComponent(id)}`),
    listPublishers: () => call('GET', '/publishers'),
    revokePublishers: (who) => call('DELETE', `/publishers?who=${encodeURIComponent(who)}`),
    listConnectors: () => call('GET', '/connectors'),
    cutConnectors: (which) => call('POST', '/connectors/cut', which),
    drainConnectors: (which) => call('POST', '/connectors/drain', which),
    listTokenKeys: () => call('GET', '/keys'),
    listSigningKeys: (purpose) => call('GET', signingKeysPath(purpose)),
    rotateSigningKey: (purpose) => call('POST', `${signingKeysPath(purpose)}/rotation`),
    forgetSigningKeys: (purpose) => call('DELETE', `${signingKeysPath(purpose)}/former`),
    listSshCaKeys: () => call('GET', '/ssh-ca'),
    exportAccess: (query) => call('POST', '/access/export', query),
    reach: (request) => call('POST', '/access/reach', request),
    importAccess: (input) => call('POST', '/access/import', input),
    searchAudit: (query) => call('POST', '/audit/search', query),
    auditCheckpoint: () => call('POST', '/audit/checkpoint'),
    beginTokenRotation: () => call('POST', '/keys/rotation'),
    stepTokenRotation: (after) => call('POST', '/keys/rotation/step', { after }),
  }
}

function whose(who: string): string {
  return `who=${encodeURIComponent(who)}`
}

function signingKeysPath(purpose: string): string {
  return `/signing-keys/${encodeURIComponent(purpose)}`
}

interface Call {
  readonly method: string
  readonly path: string
  readonly body: object | undefined
  readonly timeoutMs: number
}

function send(
  socketPath: string,
  { method, path, body: content, timeoutMs }: Call,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => reject(fault(undefined)))
      response.on('end', () => {
        const body = parse(Buffer.concat(chunks).toString())
        if (response.statusCode === 200) resolve(body)
        else reject(fault(body))
      })
    })
    outgoing.on('timeout', () => outgoing.destroy(tooSlow(socketPath, timeoutMs)))
    outgoing.on('error', (error) => reject(notRunning(socketPath, error)))
    outgoing.end(content === undefined ? undefined : JSON.stringify(content))
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function fault(body: unknown): SystemError | ConfigError {
  if (typeof body !== 'object' || body === null || !('error' in body)) {
    return new SystemError('control-failed', 'the gateway failed to do this', {
      hint: 'its log may say why; nothing may have changed',
    })
  }
  const { error, message, hint, problems } = body as ControlFault
  if (problems !== undefined) return new ConfigError(problems)
  return new SystemError(error.replaceAll('_', '-'), message, { hint })
}

/** Somebody is there: what was asked may be done after all. */
function tooSlow(socketPath: string, timeoutMs: number): SystemError {
  const text = `the gateway on "${socketPath}" did not answer within ${timeoutMs / 1000} seconds`
  return new SystemError('gateway-not-running', text, {
    hint: 'its log may say what it waits for; look at what has become of this before you ask again',
  })
}

function notRunning(socketPath: string, cause: Error): SystemError {
  if (cause instanceof SystemError) return cause
  if (systemCode(cause) === 'EACCES') {
    return new SystemError('control-not-allowed', `this user may not open "${socketPath}"`, {
      cause,
      hint: "run this as the gateway's own user",
    })
  }
  return new SystemError('gateway-not-running', `no gateway answers on "${socketPath}"`, {
    cause,
    hint: 'start it, or name its configuration with -c so that its state directory is found',
  })
}
