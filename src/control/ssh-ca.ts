import type { SshCa } from '../ssh-ca/ssh-ca.ts'
import type { Actor } from './change.ts'
import type { SshCaKeys } from './protocol.ts'

/** What the operations on SSH certificates reach inside the running gateway. */
export interface SshCaParts {
  readonly sshCa: Pick<SshCa, 'trustedKeys'>
}

/** Operations on the authority of SSH certificates. */
export interface SshCaOperations {
  /** The keys that an sshd is to trust; made at the first question. */
  listSshCaKeys(by: Actor): Promise<SshCaKeys>
}

export function sshCaOperations({ sshCa }: SshCaParts): SshCaOperations {
  return { listSshCaKeys: async () => ({ keys: await sshCa.trustedKeys() }) }
}
