import { createControlClient } from '../../control/client.ts'
import type { SigningKeySummary, UntrustingConnector } from '../../control/protocol.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson, printLine } from '../speech/print.ts'
import { sayTime } from '../../say-time.ts'
import { printTable, type Rows } from '../speech/table.ts'
import type { SessionsOptions } from './gateway-options.ts'
import type { SigningPurposeName } from './signing-purposes.ts'
import { findStateDirectory } from './state-directory.ts'

/** Prints the keys of a purpose; resolves to the exit code. */
export async function listSigningKeys(
  purpose: SigningPurposeName,
  options: SessionsOptions,
): Promise<number> {
  const { keys } = await client(options).then((it) => it.listSigningKeys(purpose))
  if (options.json) printJson({ keys })
  else printTable(rowsOf(keys))
  return exitCodes.ok
}

/** Makes another key, and says what it means to people; resolves to the exit code. */
export async function rotateSigningKey(
  purpose: SigningPurposeName,
  options: SessionsOptions,
): Promise<number> {
  const rotated = await client(options).then((it) => it.rotateSigningKey(purpose))
  const { key, connectors, untrusting } = rotated
  if (options.json) printJson(rotated)
  else printLine(key)
  for (const line of rotationWords[purpose]) note(line)
  if (purpose === 'connector-grant') {
    note(`${counted(connectors)} ${connectors === 1 ? 'trusts' : 'trust'} it now`)
    if (untrusting.length > 0)
      note(`not yet: ${namesOf(untrusting)}; they are served by the key before`)
  }
  return exitCodes.ok
}

/** Forgets the keys before the current one, and says what that means; resolves to the exit code. */
export async function forgetSigningKeys(
  purpose: SigningPurposeName,
  options: SessionsOptions,
): Promise<number> {
  const result = await client(options).then((it) => it.forgetSigningKeys(purpose))
  const { forgotten, cut } = result
  if (options.json) printJson(result)
  else for (const key of forgotten) printLine(key)
  if (forgotten.length === 0) {
    note('there are no former keys')
    return exitCodes.ok
  }
  for (const line of forgettingWords[purpose]) note(line)
  if (cut.length > 0) note(`cut, and in need of a new token: ${namesOf(cut)}`)
  return exitCodes.ok
}

const rotationWords: Readonly<Record<SigningPurposeName, readonly string[]>> = {
  'connector-grant': [
    'connectors take it over by the word of the key before, those that are away when they come back: nobody is cut, and no token needs replacing',
    'if the key before may be known to somebody else, forget it now: postern gateway keys forget connector-grant',
  ],
  'ssh-ca': [
    'certificates are signed with the key before until that is forgotten: until then nothing changes for anybody',
    'add the line of the new one to the TrustedUserCAKeys file of every sshd (postern gateway ssh-ca), then: postern gateway keys forget ssh-ca',
  ],
  'application-token': [
    'tokens of the key before are good until they expire: nobody signs in anew',
    'if that key may be known to somebody else, forget it now: postern gateway keys forget application-token',
  ],
  'connector-ca': [
    'stock connectors are shown a certificate of the key before until that is forgotten: until then nothing changes for anybody',
    'give each the file that "postern tunnel token --for-cloudflared" writes now, which has both, and start it again; then: postern gateway keys forget connector-ca',
  ],
  audit: [
    'checkpoints of the audit log are signed with both until the key before is forgotten: whoever checks by that one goes on',
    'keep the new public key elsewhere (postern audit key), then: postern gateway keys forget audit',
  ],
}

const forgettingWords: Readonly<Record<SigningPurposeName, readonly string[]>> = {
  'connector-grant': [
    'a connector whose token or credentials file knows none but these cannot register any more, and ends: give it a new one (postern tunnel token NAME)',
    'one that runs by a token has the new key in its memory alone: replace the token before it starts again',
  ],
  'ssh-ca': [
    'certificates are signed with the new key from now on: an sshd without its line lets nobody in',
    'the lines of these keys can leave the TrustedUserCAKeys files; whatever they have signed lasts for minutes',
  ],
  'application-token': [
    'tokens of these are worthless: stock clients with one stored run "postern access login --for-cloudflared" again; other sign-ins stay',
  ],
  'connector-ca': [
    'stock connectors are shown a certificate of the new key from now on: one that was started without it in its file does not connect again once its connections end',
    'a file with both trusts the former key still: where somebody else may know it, write each file again and start its connectors, then replace their secrets, which they send (postern tunnel token --rotate NAME)',
  ],
  audit: [
    'checkpoints of the audit log are signed with the new key alone from now on; those before stay good by the public keys that were kept',
  ],
}

async function client(options: SessionsOptions) {
  return createControlClient(await findStateDirectory(options))
}

function rowsOf(keys: readonly SigningKeySummary[]): Rows {
  const rows = keys.map(({ id, created_at, current, connectors }) => [
    id,
    sayTime(created_at),
    current ? 'current' : 'former',
    connectors === null ? '-' : String(connectors),
  ])
  return [['KEY', 'CREATED', 'STATE', 'TRUSTED BY CONNECTORS'], ...rows]
}

function counted(connectors: number): string {
  return connectors === 1 ? '1 connector' : `${connectors} connectors`
}

function namesOf(connectors: readonly UntrustingConnector[]): string {
  return connectors.map(({ id, tunnel }) => `${id} of "${tunnel}"`).join(', ')
}
