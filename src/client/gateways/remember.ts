import { SystemError } from '../../errors.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import { didYouMean } from '../../spelling.ts'
import {
  freeName,
  gatewayAt,
  isGatewayName,
  maxCaChars,
  maxKnownNames,
  type KnownGateway,
  type KnownGateways,
} from './known-gateway.ts'

// What becomes of the remembered gateways. Each is given to `changeGateways`.

/** What a sign-in has found out. */
export interface SignedInAt {
  readonly gateway: Pick<GatewayAddress, 'origin' | 'host'>
  /** The name that was chosen for it. */
  readonly name?: string | undefined
  /** By which it was proven, PEM; undefined leaves what is remembered. */
  readonly ca?: string | undefined
  readonly account?: string | undefined
}

/**
 * Remembers a gateway after a sign-in: as another one, which is the default where it is the first, or as what it is known
 * as already.
 *
 * @throws SystemError `gateway-exists`, `invalid-gateway-name`
 */
export function withSignIn(
  all: KnownGateways,
  { gateway, name, ca, account }: SignedInAt,
): KnownGateways {
  const before = gatewayAt(gateway.origin, all)
  if (name !== undefined) checkName(name, all, before)
  if (ca !== undefined && ca.length > maxCaChars) throw caTooLong()
  const taken = new Set(all.gateways.map((one) => one.name))
  const now: KnownGateway = {
    name: name ?? before?.name ?? freeName(gateway, taken),
    url: before?.url ?? gateway.origin,
    ca: ca ?? before?.ca,
    account: account ?? before?.account,
    knownNames: before?.knownNames ?? [],
  }
  const gateways =
    before === undefined
      ? [...all.gateways, now]
      : all.gateways.map((one) => (one === before ? now : one))
  const isDefault = all.gateways.length === 0 || (before && before.name === all.defaultName)
  return { gateways, defaultName: isDefault === true ? now.name : all.defaultName }
}

/** Adds an address that was found to lead to a remembered gateway; nothing changes where that is not remembered any more. */
export function withKnownName(all: KnownGateways, url: string, origin: string): KnownGateways {
  const before = all.gateways.find((one) => one.url === url)
  if (before === undefined || gatewayAt(origin, all) !== undefined) return all
  const knownNames = [...before.knownNames, origin].slice(-maxKnownNames)
  return replaced(all, before, { ...before, knownNames })
}

/** @throws SystemError `gateway-unknown` */
export function withDefault(all: KnownGateways, name: string): KnownGateways {
  return { ...all, defaultName: gatewayNamed(all, name).name }
}

/** @throws SystemError `gateway-unknown`, `gateway-exists`, `invalid-gateway-name` */
export function renamed(all: KnownGateways, name: string, newName: string): KnownGateways {
  const before = gatewayNamed(all, name)
  checkName(newName, all, before)
  const next = replaced(all, before, { ...before, name: newName })
  return all.defaultName === before.name ? { ...next, defaultName: newName } : next
}

/**
 * Without one of them. Where that was the default, the only one that is left takes its place.
 *
 * @throws SystemError `gateway-unknown`
 */
export function without(all: KnownGateways, name: string): KnownGateways {
  const gone = gatewayNamed(all, name)
  const gateways = all.gateways.filter((one) => one !== gone)
  const only = gateways.length === 1 ? gateways[0]?.name : undefined
  return { gateways, defaultName: all.defaultName === gone.name ? only : all.defaultName }
}

/** @throws SystemError `gateway-unknown` */
export function gatewayNamed({ gateways }: KnownGateways, name: string): KnownGateway {
  const found = gateways.find((one) => one.name === name)
  if (found !== undefined) return found
  const near = didYouMean(
    name,
    gateways.map((one) => one.name),
  )
  throw new SystemError('gateway-unknown', `no gateway is remembered as "${name}"`, {
    hint: near ?? '"postern gateways" lists those that are',
  })
}

function replaced(all: KnownGateways, before: KnownGateway, now: KnownGateway): KnownGateways {
  return { ...all, gateways: all.gateways.map((one) => (one === before ? now : one)) }
}

function checkName(name: string, all: KnownGateways, itself: KnownGateway | undefined): void {
  if (!isGatewayName(name)) {
    throw new SystemError('invalid-gateway-name', `"${name}" cannot be the name of a gateway`, {
      hint: 'use lower-case letters, digits and hyphens, such as "work"',
    })
  }
  const other = all.gateways.find((one) => one.name === name)
  if (other === undefined || other === itself) return
  throw new SystemError('gateway-exists', `"${name}" is the name of ${other.url} already`, {
    hint: 'choose another with "--name", or rename that one: "postern gateways rename"',
  })
}

function caTooLong(): SystemError {
  const message = `the certificate authorities are longer than ${maxCaChars} characters`
  return new SystemError('gateways-unwritable', message, {
    hint: 'name a file with that of the gateway alone',
  })
}
