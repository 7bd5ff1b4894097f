import type { SigningKeys } from '../identity/signing-keys.ts'
import type { NoteSigner } from '../telemetry/audit/note-signer.ts'
import {
  formatVerifierKey,
  signNote,
  verifierKeyOf,
  type NoteKey,
} from '../telemetry/audit/signed-note.ts'

/**
 * Signs by the current key of the purpose `audit` and by those before it that are not forgotten: whoever kept the
 * public part of one of these goes on with it until then.
 */
export function createAuditSigner(
  signingKeys: Pick<SigningKeys, 'all'>,
  host: string | undefined,
): NoteSigner {
  const origin = `${host ?? 'postern'}/audit`
  let last: readonly NoteKey[] | undefined

  /** The last checkpoint is signed when the store is closed already. */
  async function keys(): Promise<readonly NoteKey[]> {
    try {
      const all = await signingKeys.all('audit')
      return (last = all.map(({ privateKey }) => ({ name: origin, privateKey })))
    } catch (error) {
      if (last === undefined) throw error
      return last
    }
  }

  return {
    origin,
    async sign(text) {
      const by = await keys()
      const verifierKeys = by.map((key) => formatVerifierKey(verifierKeyOf(key)))
      return { note: signNote(text, by), verifierKeys }
    },
    verifierKeys: async () => (await keys()).map((key) => formatVerifierKey(verifierKeyOf(key))),
  }
}
