import type { Problem } from '../../errors.ts'
import { sortForeignKeys } from '../../foreign-keys.ts'
import { defaultProviderId } from '../../identity/user-ids.ts'
import { checkValue, mustBe, show } from '../../schema.ts'
import { tellAt } from '../source/findings.ts'
import type { ProblemDetails } from '../../yaml-text.ts'
import {
  foreignProviderKeys,
  providerKeyNames,
  providerKeys,
  type ProviderKey,
  type ProviderValues,
} from '../keys/provider-keys.ts'
import type { GlobalKey } from '../keys/keys.ts'
import type { Settings } from '../source/settings.ts'
import type { Source } from '../source/source.ts'
import { readSecretText } from './secrets.ts'

/** A provider as it was written, by the keys `idp_*` or as an entry of `identity_providers`. */
export interface WrittenProvider {
  readonly id: string
  /** What is right of it. */
  readonly values: ProviderValues
  readonly clientSecret: string | undefined
  /** What that was given by, as whoever must look at it calls it. */
  readonly clientSecretKey: string
  /** What its keys begin with, for messages. */
  readonly keyPrefix: string
  /** Whether it is one of `identity_providers`. */
  readonly isEntry: boolean
  /** Whether a key was given, right or wrong. */
  isGiven(key: ProviderKey): boolean
  /** A fault of one of its keys, or of the whole. */
  problem(key: ProviderKey | undefined, message: string, details?: ProblemDetails): Problem
}

/** @limit identity providers: the configuration does not load */
const maxProviders = 20

/** As part of user ids and of addresses: short, and without a `/`. */
const idForm = /^[a-z][a-z0-9-]{0,31}$/

/** Keys of the one provider, by what they are called in an entry. */
const globalKeyOf = {
  provider: 'idp_provider',
  provider_url: 'idp_provider_url',
  client_id: 'idp_client_id',
  client_secret: 'idp_client_secret',
  client_secret_file: 'idp_client_secret_file',
  scopes: 'idp_scopes',
  request_params: 'idp_request_params',
  groups_claim: 'idp_groups_claim',
  email_claim: 'idp_email_claim',
  trust_missing_email_verified: 'idp_trust_missing_email_verified',
} as const satisfies Partial<Record<ProviderKey, GlobalKey>>

const globalKeyNamed = (key: ProviderKey): GlobalKey | undefined =>
  Object.hasOwn(globalKeyOf, key) ? globalKeyOf[key as keyof typeof globalKeyOf] : undefined

/** The provider of the keys `idp_*`, whatever is given of it. */
export function defaultProvider(
  { settings }: Source,
  clientSecret: string | undefined,
): WrittenProvider {
  const given = Object.entries(globalKeyOf).map(([key, name]): readonly [string, unknown] => [
    key,
    settings.values[name],
  ])
  return {
    id: defaultProviderId,
    // Of the same schemas: `as()` in provider-keys.ts.
    values: Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    clientSecret,
    clientSecretKey: secretKeyIn(settings),
    keyPrefix: 'idp_',
    isEntry: false,
    isGiven(key) {
      const name = globalKeyNamed(key)
      return name !== undefined && settings.isGiven(name)
    },
    problem: (key, message, details) =>
      settings.problem((key && globalKeyNamed(key)) ?? 'idp_provider', message, details),
  }
}

/** The key of the file, or the variable that was used in its place. */
function secretKeyIn(settings: Settings): string {
  const key = settings.isGiven('idp_client_secret_file')
    ? 'idp_client_secret_file'
    : 'idp_client_secret'
  const variable = key.toUpperCase()
  return settings.environment.includes(variable) ? variable : key
}

/** Reads `identity_providers`; entries that are no mapping, or have no id, are told and left out. */
export async function readProviders(source: Source): Promise<readonly WrittenProvider[]> {
  const { settings, findings } = source
  const entries = Object.entries(settings.values.identity_providers ?? {})
  const tell = (message: string, hint?: string): void =>
    void findings.problems.push(
      settings.problem('identity_providers', message, { hint, at: 'key' }),
    )
  if (settings.isGiven('identity_providers') && entries.length === 0)
    tell('names no provider', 'leave it out, or add one')
  if (entries.length > maxProviders)
    tell(`must have at most ${maxProviders} providers, not ${entries.length}`)
  const read: WrittenProvider[] = []
  for (const [id, plain] of entries.slice(0, maxProviders)) {
    const provider = await readProvider(id, plain, source)
    if (provider !== undefined) read.push(provider)
  }
  return read
}

async function readProvider(
  id: string,
  plain: unknown,
  source: Source,
): Promise<WrittenProvider | undefined> {
  const { findings, settings } = source
  const at = (key: ProviderKey | undefined, message: string, details?: ProblemDetails): Problem => {
    const within = key === undefined ? [id] : [id, key]
    return settings.problem('identity_providers', message, { ...details, within })
  }
  if (!idForm.test(id)) {
    const expected = 'small letters, digits and "-", at most 32, the first a letter'
    const message = `${show(id)} cannot be the id of a provider: it must be ${expected}`
    findings.problems.push(at(undefined, message, { at: 'key' }))
    return undefined
  }
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
    findings.problems.push(at(undefined, mustBe('a mapping of keys to values', plain)))
    return undefined
  }
  const known = { known: providerKeyNames, foreign: foreignProviderKeys }
  tellAt(settings.text, ['identity_providers', id], sortForeignKeys(plain, known), findings)
  const values: Record<string, unknown> = {}
  const isGiven = (key: ProviderKey): boolean => Object.hasOwn(plain, key)
  for (const key of providerKeyNames.filter(isGiven)) {
    const checked = checkValue<unknown>(Reflect.get(plain, key), providerKeys[key].schema)
    if (checked.ok) values[key] = checked.value
    else
      for (const { path, message, hint, at: where } of checked.faults) {
        const within = [id, key, ...path]
        const details = { within, hint, at: where }
        findings.problems.push(settings.problem('identity_providers', message, details))
      }
  }
  const typed = values as ProviderValues
  return {
    id,
    values: typed,
    clientSecret: await readSecret(typed, isGiven, source, at),
    clientSecretKey: `identity_providers.${id}.${isGiven('client_secret_file') ? 'client_secret_file' : 'client_secret'}`,
    keyPrefix: `identity_providers.${id}.`,
    isEntry: true,
    isGiven,
    problem: at,
  }
}

async function readSecret(
  { client_secret: inline, client_secret_file: path }: ProviderValues,
  isGiven: (key: ProviderKey) => boolean,
  source: Source,
  at: WrittenProvider['problem'],
): Promise<string | undefined> {
  if (path === undefined) return inline
  const problem = (message: string, details?: ProblemDetails): Problem =>
    at('client_secret_file', message, details)
  if (!isGiven('client_secret')) return readSecretText(path, problem, source)
  const message = 'cannot be given together with "client_secret": choose one of them'
  source.findings.problems.push(problem(message, { at: 'key' }))
  return undefined
}
