import { join } from 'node:path'
import {
  chosenAs,
  chosenDefault,
  namedGateway,
  type ChosenGateway,
} from '../../client/gateways/choose-gateway.ts'
import type { DestinationSources } from '../../client/gateways/destination-sources.ts'
import { readGatewaysOrNone, type DamageOptions } from '../../client/gateways/gateways-file.ts'
import type { KnownGateway, KnownGateways } from '../../client/gateways/known-gateway.ts'
import { SystemError, type AppError } from '../../errors.ts'
import { loadTrust, type Trust } from '../../reach/trust.ts'
import { configDirectory, environment } from '../process/environment.ts'
import { describe, errorFields, type Voice } from '../speech/voice.ts'
import type { TrustFlags } from './ask-options.ts'
import { trustOf } from './trust.ts'

/** The gateway that a command asks, and whom to believe that it is it. */
export interface AskedGateway extends ChosenGateway {
  readonly trust: Trust
  /** By which other commands name it: `--gateway NAME`, or nothing where it is meant without. */
  readonly option: string
}

/** Where the gateways of this user are remembered. */
export function gatewaysPath(): string {
  return join(configDirectory(), 'gateways.json')
}

/** Every gateway that is remembered; what is wrong with the file is said, and then none is. */
export function knownGateways(voice: Voice, how?: DamageOptions): Promise<KnownGateways> {
  const tell = (error: AppError): void => voice.warn(describe(error), errorFields(error))
  return readGatewaysOrNone(gatewaysPath(), tell, how)
}

/**
 * The gateway that is named, by `--gateway`, an argument or `POSTERN_GATEWAY`: a remembered one by its name, or one at an
 * address. Undefined where none is.
 *
 * @throws SystemError `invalid-gateway-url`, `gateway-unknown`
 */
export async function namedOf(
  text: string | undefined,
  all: KnownGateways,
): Promise<ChosenGateway | undefined> {
  const named = text ?? (environment['POSTERN_GATEWAY'] || undefined)
  return named === undefined ? undefined : namedGateway(named, all)
}

/**
 * The gateway that the command line names, before what a destination says itself, and the one that the environment does,
 * behind that.
 *
 * @throws SystemError `invalid-gateway-url`, `gateway-unknown`
 */
export async function namedBeside(
  text: string | undefined,
  all: KnownGateways,
): Promise<Pick<DestinationSources, 'named' | 'usual'>> {
  const found = await namedOf(text, all)
  return text === undefined ? { named: undefined, usual: found } : { named: found }
}

/**
 * The gateway that a command without a destination asks: the one that is named, or the default one. `option`: by which it
 * is named there, unless it is an argument.
 *
 * @throws SystemError `invalid-gateway-url`, `gateway-unknown`, `gateway-missing`, `certificate-unreadable`
 */
export async function gatewayOf(
  text: string | undefined,
  flags: TrustFlags,
  voice: Voice,
  option?: string,
): Promise<AskedGateway> {
  const all = await knownGateways(voice)
  const found = await namedOrDefault(text, all, option)
  const implied = (await namedOf(undefined, all)) ?? chosenDefault(all)
  const trusted = await withTrust(found, all, flags, voice)
  return { ...trusted, option: optionOf(trusted, implied) }
}

/**
 * The gateway that is named, or the default one, by what is remembered alone.
 *
 * @throws SystemError `invalid-gateway-url`, `gateway-unknown`, `gateway-missing`
 */
export async function namedOrDefault(
  text: string | undefined,
  all: KnownGateways,
  option?: string,
): Promise<ChosenGateway> {
  const found = (await namedOf(text, all)) ?? chosenDefault(all)
  if (found === undefined) throw gatewayMissing(all, option)
  return found
}

/**
 * A gateway with whom to believe that it is it. An address that is not remembered may be another name of one that is: then
 * that is asked, at its own address. `keeps`: whether what is found out of that address is remembered.
 *
 * @throws SystemError `certificate-unreadable` or `client-key-missing`
 */
export async function withTrust(
  found: ChosenGateway,
  all: KnownGateways,
  flags: TrustFlags,
  voice: Voice,
  keeps = true,
): Promise<ChosenGateway & { readonly trust: Trust }> {
  const { gateway, known } = found
  const trust = await trustFor(found, flags, voice)
  if (known !== undefined || all.gateways.length === 0) return { ...found, trust }
  const { knownAs } = await import('./same-gateway-of.ts')
  const same = await knownAs({ gateway, trust }, all, keeps ? gatewaysPath() : undefined, voice)
  if (same === undefined) return { ...found, trust }
  const led = chosenAs(same, gateway.origin)
  return { ...led, trust: await trustFor(led, flags, voice) }
}

function optionOf({ gateway, known }: ChosenGateway, implied: ChosenGateway | undefined): string {
  if (gateway.origin === implied?.gateway.origin) return ''
  return `--gateway ${known?.name ?? gateway.origin}`
}

/**
 * Whom to believe: what the command line says, `POSTERN_CA_FILE`, or what is remembered of this very gateway. None of
 * them adds to another. For one that was named by another address of it, what is remembered alone: an authority that is
 * given for that address, whose owner may have claimed to be the gateway, could vouch for whoever stands before it.
 *
 * @throws SystemError `certificate-unreadable` or `client-key-missing`
 */
export async function trustFor(
  { known, alias }: Pick<ChosenGateway, 'known' | 'alias'>,
  flags: TrustFlags,
  voice: Voice,
): Promise<Trust> {
  const given = await trustOf(withCaFile(flags), voice)
  return orRemembered(known, alias === undefined ? given : { ...given, extraCa: [] })
}

/** Whom to believe by what is remembered alone: the authority of this very gateway, or those of the system. */
export async function rememberedTrust(
  known: KnownGateway | undefined,
  voice: Voice,
): Promise<Trust> {
  return orRemembered(known, await trustOf({}, voice))
}

async function orRemembered(known: KnownGateway | undefined, trust: Trust): Promise<Trust> {
  if (trust.extraCa.length > 0 || known?.ca === undefined) return trust
  const { extraCa } = await loadTrust({ ca: { pem: known.ca, name: caName(known) } })
  return { ...trust, extraCa }
}

function withCaFile(flags: TrustFlags): TrustFlags {
  const isGiven = [flags.caFile, flags.alternateCaPath, flags.caCert].some((it) => it !== undefined)
  const caFile = environment['POSTERN_CA_FILE']
  return isGiven || !caFile ? flags : { ...flags, caFile }
}

function caName({ name }: KnownGateway): string {
  return `${gatewaysPath()}: the certificate authority of ${name}`
}

function gatewayMissing({ gateways }: KnownGateways, option: string | undefined): SystemError {
  if (gateways.length > 0) {
    return new SystemError('gateway-missing', 'which gateway? none of them is the default', {
      hint: '"postern gateways" lists them, "postern gateways use NAME" makes one the default',
    })
  }
  const named = `${option === undefined ? '' : `${option} `}https://gateway.example.com`
  return new SystemError('gateway-missing', 'which gateway? none is remembered', {
    hint: `"postern login https://gateway.example.com" remembers it; or name it, as in "${named}"`,
  })
}
