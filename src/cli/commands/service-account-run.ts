import { createControlClient, type ControlClient } from '../../control/client.ts'
import type { IssuedCredential, ServiceAccountSummary } from '../../control/protocol.ts'
import { messageOf } from '../../errors.ts'
import { openCredentialFile, type CredentialFile } from '../credentials/credential-file.ts'
import { exitCodes } from '../process/exit-codes.ts'
import type { StateOptions } from './gateway-options.ts'
import { formatIdAndSecret } from '../credentials/id-and-secret.ts'
import { note, printJson, printLine, printText } from '../speech/print.ts'
import { findStateDirectory } from './state-directory.ts'
import { sayTime } from '../../say-time.ts'
import { printTable, type Rows } from '../speech/table.ts'

export interface ListOptions extends StateOptions {
  /** Revoked ones, too. */
  readonly all?: boolean
  readonly json?: boolean
}

export interface CredentialOptions extends StateOptions {
  /** A file for the credential, instead of showing it. */
  readonly output?: string
  readonly json?: boolean
  readonly expires?: Date | 'never'
}

export interface CreateOptions extends CredentialOptions {
  readonly description: string
  readonly format: 'jwt' | 'id-secret'
}

export interface RotateOptions extends CredentialOptions {
  /** Milliseconds. */
  readonly keepOld: number
}

/** Creates a service account and hands out its credential; resolves to the exit code. */
export async function createServiceAccount(id: string, options: CreateOptions): Promise<number> {
  const { description, format, expires } = options
  const expires_at = expires === undefined ? null : timeOf(expires)
  return issue(options, { said: 'created' }, (client) =>
    client.createServiceAccount({ id, description, format, expires_at }),
  )
}

/** Gives a service account a new credential; resolves to the exit code. */
export async function rotateServiceAccount(id: string, options: RotateOptions): Promise<number> {
  const { keepOld, expires } = options
  const rotation = {
    keep_old_ms: keepOld,
    ...(expires === undefined ? {} : { expires_at: timeOf(expires) }),
  }
  return issue(options, { said: 'rotated', replacedId: id }, (client) =>
    client.rotateServiceAccount(id, rotation),
  )
}

/** Ends a service account; resolves to the exit code once its tunnels are closed. */
export async function revokeServiceAccount(id: string, options: StateOptions): Promise<number> {
  const client = await clientFor(options)
  const { revoked } = await client.revokeServiceAccount(id)
  for (const one of revoked) printLine(one)
  note(`revoked service account "${id}": its tunnels are closed`)
  return exitCodes.ok
}

/** Prints which service accounts there are; resolves to the exit code. */
export async function listServiceAccounts(options: ListOptions): Promise<number> {
  const { service_accounts: all } = await (await clientFor(options)).listServiceAccounts()
  const shown = all.filter(({ state }) => options.all === true || state !== 'revoked')
  if (options.json) printJson({ service_accounts: shown })
  else if (shown.length === 0) note('there is no service account')
  else printTable(rowsOf(shown))
  return exitCodes.ok
}

async function issue(
  options: CredentialOptions,
  { said, replacedId }: { readonly said: string; readonly replacedId?: string },
  ask: (client: ControlClient) => Promise<IssuedCredential>,
): Promise<number> {
  const client = await clientFor(options)
  const { output } = options
  await using file = output === undefined ? undefined : await openCredentialFile(output, replacedId)
  const issued = await ask(client)
  const { id, expires_at } = issued
  const until = expires_at === null ? 'it does not expire' : `it expires ${sayTime(expires_at)}`
  note(`${said} service account "${id}": ${until}`)
  const isKept = file !== undefined && (await keep(file, issued))
  if (isKept) note(`its credential is in "${output}", readable by this user only`)
  show(issued, isKept ? output : undefined, options)
  return exitCodes.ok
}

/** The credential that was there before works no longer: one that cannot be kept is shown. */
async function keep(file: CredentialFile, issued: IssuedCredential): Promise<boolean> {
  try {
    await file.keep(textOf(issued))
    return true
  } catch (error) {
    note(`warning: ${messageOf(error)}: the credential is shown instead`)
    return false
  }
}

function show(
  issued: IssuedCredential,
  output: string | undefined,
  options: CredentialOptions,
): void {
  const { credential, ...rest } = issued
  const isToken = issued.format === 'jwt'
  if (options.json) {
    const secret = isToken ? { token: credential } : { secret: credential }
    return printJson({ ...rest, ...(output === undefined ? secret : { output }) })
  }
  if (output !== undefined) return
  note(
    `this is its ${isToken ? 'token' : 'id and secret'}, shown only now: keep it in a file that only the program's user can read`,
  )
  printText(textOf(issued))
}

function textOf({ id, format, credential }: IssuedCredential): string {
  return format === 'jwt' ? `${credential}\n` : formatIdAndSecret({ id, secret: credential })
}

async function clientFor(options: StateOptions): Promise<ControlClient> {
  return createControlClient(await findStateDirectory(options))
}

function rowsOf(accounts: readonly ServiceAccountSummary[]): Rows {
  const rows = accounts.map((account) => [
    account.id,
    account.state,
    account.format,
    sayTime(account.created_at),
    account.expires_at === null ? 'never' : sayTime(account.expires_at),
    account.last_used_on ?? 'never',
    String(account.tunnels),
    account.description,
  ])
  const head = [
    'ID',
    'STATE',
    'FORMAT',
    'CREATED',
    'EXPIRES',
    'LAST USED',
    'TUNNELS',
    'DESCRIPTION',
  ]
  return [head, ...rows]
}

/** RFC 3339; null for never. */
function timeOf(expires: Date | 'never'): string | null {
  return expires === 'never' ? null : expires.toISOString()
}
