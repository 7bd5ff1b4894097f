import { createControlClient, type ControlClient } from '../../control/client.ts'
import type { TokenKeySummary } from '../../control/protocol.ts'
import { recordOffline } from '../../control/record-offline.ts'
import { loadConfig } from '../../config/load.ts'
import { secretsOf, tokenSecretsOf } from '../../gateway/secrets.ts'
import { openStateDirectory } from '../../store/state-directory.ts'
import { discardUnreadableRows } from '../../store/sqlite-database.ts'
import type { SigningPurpose } from '../../store/publish-store.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { defaultConfigPath, type SessionsOptions, type StateOptions } from './gateway-options.ts'
import { note, printJson, printLine } from '../speech/print.ts'
import { findStateDirectory } from './state-directory.ts'
import { sayTime } from '../../say-time.ts'
import { printTable, type Rows } from '../speech/table.ts'
import { environment } from '../process/environment.ts'

/** Prints by which keys stored tokens are encrypted; resolves to the exit code. */
export async function listKeys(options: SessionsOptions): Promise<number> {
  const { keys } = await createControlClient(await findStateDirectory(options)).listTokenKeys()
  if (options.json) printJson({ keys })
  else printTable(rowsOf(keys))
  return exitCodes.ok
}

/** Encrypts everything with a new key, a step at a time; resolves to the exit code. */
export async function rotateKeys(options: SessionsOptions): Promise<number> {
  const client = createControlClient(await findStateDirectory(options))
  const { key, resumed } = await client.beginTokenRotation()
  const current = (await client.listTokenKeys()).keys.find(({ id }) => id === key)
  const from = current?.from === undefined ? '' : `, from "${current.from}"`
  note(`${resumed ? 'going on with' : 'the new key is'} "${key}"${from}`)
  const { moved, ended } = await moveAll(client)
  const left = (await client.listTokenKeys()).keys.filter(({ id }) => id !== key)
  if (options.json) printJson({ key, resumed, sessions: moved, ended, former_keys: left })
  else printLine(key)
  note(`encrypted the tokens of ${sessions(moved)} with it`)
  if (ended.length > 0) {
    note(`ended ${sessions(ended.length)}: the stored tokens were changed from outside`)
  }
  if (left.length === 0) note('former keys are no longer needed')
  return exitCodes.ok
}

/**
 * Ends the sessions whose tokens no key of the configuration reads, and removes such signing keys, so that the
 * gateway starts without a secret that is lost; resolves to the exit code.
 */
export async function discardSessions(options: StateOptions): Promise<number> {
  const path = options.config ?? defaultConfigPath
  const { config } = await loadConfig({ path, env: environment })
  // The lock keeps a gateway from running meanwhile: nobody would tell it that its sessions have ended.
  const state = await openStateDirectory(options.stateDirectory ?? config.stateDirectory)
  try {
    const secrets = tokenSecretsOf(config, await secretsOf(config, state))
    const { sessions: count, signingKeys } = await discardUnreadableRows(state.storePath, secrets)
    note(`ended ${sessions(count)}; service accounts and other sessions stay`)
    for (const purpose of signingKeys) note(`removed ${consequences[purpose]}`)
    if (count === 0 && signingKeys.length === 0) return exitCodes.ok
    note(
      'where "shared_secret" is what was lost, rotate every service account and every token of a named tunnel: they were made by it',
    )
    const event = 'discarded: no key reads these stored tokens and signing keys'
    const details = { sessions: count, 'signing-keys': signingKeys }
    if (!(await recordOffline(state.auditPath, event, details)))
      note('warning: the audit log could not be written, and does not tell of it')
  } finally {
    state.release()
  }
  return exitCodes.ok
}

/** What has gone with a signing key, and what makes it good. */
const consequences: Readonly<Record<SigningPurpose, string>> = {
  'connector-grant':
    'the key that signs the grants of streams: connectors refuse every stream until each has a new token or credentials file, by "postern tunnel token"',
  'ssh-ca':
    'the key of the SSH certificate authority: every sshd needs the line that "postern gateway ssh-ca" prints then, in place of the former one',
  'application-token':
    'the keys that sign application tokens: those of "postern access token" and in cloudflared\'s files are worth nothing, and people sign in again for new ones',
  'connector-ca':
    'the certificate authority that stock connectors trust: each needs the new file of "postern tunnel token --for-cloudflared"',
  audit:
    'the keys that sign checkpoints of the audit log: those from now on have a new key (postern audit key), former ones stay good by the former',
}

async function moveAll(
  client: ControlClient,
): Promise<{ readonly moved: number; readonly ended: readonly string[] }> {
  let moved = 0
  const ended: string[] = []
  for (let after: string | null = ''; after !== null;) {
    const step = await client.stepTokenRotation(after)
    moved += step.moved
    ended.push(...step.ended)
    after = step.next
  }
  return { moved, ended }
}

function rowsOf(keys: readonly TokenKeySummary[]): Rows {
  const rows = keys.map(({ id, from, created_at, current, sessions: count }) => [
    id,
    from ?? '-',
    sayTime(created_at),
    current ? 'current' : 'former',
    String(count),
  ])
  return [['KEY', 'FROM', 'CREATED', 'STATE', 'SESSIONS'], ...rows]
}

function sessions(count: number): string {
  return count === 1 ? '1 session' : `${count} sessions`
}
