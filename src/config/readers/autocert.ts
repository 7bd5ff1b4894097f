import { dirname, resolve } from 'node:path'
import type { AcmeSettings } from '../../acme/settings.ts'
import { isBun } from '../../is-bun.ts'
import { parseChain } from '../../net/pem.ts'
import { letsEncrypt } from '../keys/autocert-keys.ts'
import type { GlobalKey } from '../keys/keys.ts'
import type { Source } from '../source/source.ts'

/** How certificates are fetched. */
export interface Autocert extends AcmeSettings {
  /** Absolute: a directory of Pomerium's from which certificates are taken over. */
  readonly formerDirectory: string | undefined
}

const keys = [
  'autocert_ca',
  'autocert_use_staging',
  'autocert_email',
  'autocert_eab_key_id',
  'autocert_eab_mac_key',
  'autocert_trusted_ca',
  'autocert_trusted_ca_file',
  'autocert_dir',
  'autocert_must_staple',
] as const satisfies readonly GlobalKey[]

/** Puts together how certificates are fetched; undefined: they are not. */
export async function readAutocert(source: Source): Promise<Autocert | undefined> {
  const { settings, findings, path } = source
  const { values, orDefault } = settings
  if (!orDefault('autocert')) {
    const [first] = keys.filter((key) => settings.isGiven(key))
    if (first !== undefined) {
      const hint = 'set "autocert: true" to have certificates fetched'
      findings.warnings.push(
        settings.problem(first, 'does nothing: "autocert" is not set', { hint }),
      )
    }
    return undefined
  }
  const isStaging = orDefault('autocert_use_staging')
  if (isStaging && settings.isGiven('autocert_ca')) {
    const message = 'is another authority than "autocert_use_staging" asks for: choose one of them'
    findings.problems.push(settings.problem('autocert_ca', message))
  }
  return {
    directoryUrl: values.autocert_ca ?? letsEncrypt[isStaging ? 'staging' : 'production'],
    email: values.autocert_email,
    externalAccount: readExternalAccount(source),
    trustedCa: await readTrustedCa(source),
    mustStaple: readMustStaple(source),
    formerDirectory:
      values.autocert_dir === undefined
        ? undefined
        : resolve(dirname(resolve(path)), values.autocert_dir),
  }
}

function readMustStaple({ settings, findings }: Source): boolean {
  const isAsked = settings.orDefault('autocert_must_staple')
  if (isAsked && isBun) {
    const message =
      'cannot be honoured by this executable: its runtime, Bun, tells a server of nobody who asks for an OCSP answer'
    const hint = 'run the gateway on Node.js, from the package of npm, or remove the key'
    findings.problems.push(settings.problem('autocert_must_staple', message, { hint }))
  }
  return isAsked
}

function readExternalAccount({ settings, findings }: Source): AcmeSettings['externalAccount'] {
  const { autocert_eab_key_id: keyId, autocert_eab_mac_key: mac } = settings.values
  const both = ['autocert_eab_key_id', 'autocert_eab_mac_key'] as const
  const [missing] = both.filter((key) => !settings.isGiven(key))
  const [given] = both.filter((key) => settings.isGiven(key))
  if (missing !== undefined && given !== undefined)
    findings.problems.push(settings.problem(given, `needs "${missing}" as well`, { at: 'key' }))
  if (keyId === undefined || mac === undefined) return undefined
  return { keyId, macKey: mac.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '') }
}

async function readTrustedCa({ settings, findings, files }: Source): Promise<string | undefined> {
  const { autocert_trusted_ca: inline, autocert_trusted_ca_file: file } = settings.values
  if (inline !== undefined && file !== undefined) {
    const message = 'cannot be given together with "autocert_trusted_ca": choose one of them'
    findings.problems.push(settings.problem('autocert_trusted_ca_file', message, { at: 'key' }))
    return undefined
  }
  const key = file === undefined ? 'autocert_trusted_ca' : 'autocert_trusted_ca_file'
  const read = file === undefined ? undefined : await files.read(file)
  if (read?.ok === false) {
    findings.problems.push(settings.problem(key, read.message))
    return undefined
  }
  const pem = inline ?? read?.text
  if (pem !== undefined && parseChain(pem) === undefined)
    findings.problems.push(settings.problem(key, 'must be certificates in PEM'))
  return pem
}
