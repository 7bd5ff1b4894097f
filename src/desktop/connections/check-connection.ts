import { parseAuthority } from '../../address.ts'
import {
  chosen,
  chosenAt,
  chosenByHost,
  chosenDefault,
} from '../../client/gateways/choose-gateway.ts'
import { noGateways, type KnownGateways } from '../../client/gateways/known-gateway.ts'
import { AppError, SystemError, messageOf } from '../../errors.ts'
import {
  namesGateway,
  parseDestination,
  parseGatewayText,
  parseGatewayUrl,
  withScheme,
  type Destination,
  type GatewayAddress,
} from '../../reach/destination.ts'
import type { ConnectionSettings } from '../wire/connection.ts'
import { readLocalAddress } from './local-place.ts'
import { isPlainName } from './names.ts'

/** What is wrong with one key of a connection's settings. */
export interface FieldFault {
  readonly key: keyof ConnectionSettings
  readonly message: string
  readonly hint?: string | undefined
}

/** What settings mean. */
export interface CheckedConnection {
  /** Undefined for one that cannot be up. */
  readonly destination: Destination | undefined
  /** Why it cannot be up here, whatever is done; undefined for one that can. */
  readonly unsupported: string | undefined
}

export type CheckAnswer =
  | { readonly faults: readonly []; readonly checked: CheckedConnection }
  | { readonly faults: readonly FieldFault[]; readonly checked?: undefined }

/**
 * Reads what each text of settings says, and names every fault. `remembered` are the gateways that a name may mean, and of
 * which one is meant where none is named.
 */
export function checkConnection(
  settings: ConnectionSettings,
  remembered: KnownGateways = noGateways,
): CheckAnswer {
  const faults: FieldFault[] = [...names(settings), ...together(settings)]
  const read = <T>(key: keyof ConnectionSettings, parse: () => T): T | undefined => {
    try {
      return parse()
    } catch (error) {
      const hint = error instanceof AppError ? error.hint : undefined
      faults.push({ key, message: messageOf(error), ...(hint !== undefined && { hint }) })
      return undefined
    }
  }
  const { destination: text, gateway, listen, protocol } = settings
  if (gateway !== undefined) read('gateway', () => parseGatewayText(gateway))
  const isUdp = protocol === 'udp'
  const destination = isUdp
    ? read('destination', () => checkUdp(text))
    : read('destination', () => {
        const own = parseDestination(text, gateway && gatewayOrNone(gateway))
        return { ...own, gateway: gatewayOf(own, settings, remembered) }
      })
  if (listen !== undefined) read('listen', () => requireLocal(listen))
  if (faults.length > 0) return { faults }
  return {
    faults: [],
    checked: {
      destination: isUdp ? undefined : (destination ?? undefined),
      unsupported: isUdp ? udpWhy : settings.client_cert_from_store && storeWhy,
    },
  }
}

export const udpWhy = 'UDP is not supported: a gateway of Postern carries TCP alone'
const storeWhy =
  'the certificate store of the system cannot be used: give the certificate and its key as files or text'

/** One fault for one mistake: that the gateway is wrong is said at the gateway. */
function gatewayOrNone(gateway: string): string | undefined {
  const url = withScheme(gateway)
  try {
    parseGatewayUrl(url)
    return url
  } catch {
    return undefined
  }
}

/**
 * The gateway of a connection: the remembered one of that name; the one that its settings or its destination say; the
 * remembered one whose host the destination has; the default one; the destination's own host. Settings that say whom to
 * trust are for the gateway that they were written for, and never for another that is remembered.
 */
function gatewayOf(
  own: Destination,
  settings: ConnectionSettings,
  remembered: KnownGateways,
): GatewayAddress {
  const { destination, gateway } = settings
  const named = remembered.gateways.find(({ name }) => name === gateway)
  if (named !== undefined) return chosen(named).gateway
  if (saysTrust(settings)) return own.gateway
  if (gateway !== undefined || namesGateway(destination)) {
    return chosenAt(own.gateway, remembered).gateway
  }
  const host = parseAuthority(own.authority)?.host ?? ''
  const found = chosenByHost(host, remembered) ?? chosenDefault(remembered)
  return found?.gateway ?? own.gateway
}

/** Whether settings say themselves whom to believe that it is the gateway. */
export function saysTrust({
  ca_file: file,
  ca_cert: pem,
  disable_tls_verification: isUnverified,
}: Pick<ConnectionSettings, 'ca_file' | 'ca_cert' | 'disable_tls_verification'>): boolean {
  return file !== undefined || pem !== undefined || isUnverified
}

function checkUdp(text: string): undefined {
  const rest = text.replace(/^(?:udp\+)?https?:\/\//i, '')
  const authority = rest.split('/').findLast((part) => part !== '') ?? ''
  if (parseAuthority(authority) !== undefined) return undefined
  throw new SystemError('invalid-destination', `"${text}" is not a destination`, {
    hint: 'write "host:port"',
  })
}

function requireLocal(text: string): void {
  if (readLocalAddress(text) !== undefined) return
  throw new SystemError('invalid-listen-address', `"${text}" is not an address to listen on`, {
    hint: 'write "127.0.0.1:PORT", ":PORT" for all addresses, "unix:PATH", or leave it empty for an address that stays the same',
  })
}

/** Names and tags are shown side by side, and typed: none may pass for another, or for more than a name. */
function* names({ name, tags }: ConnectionSettings): Generator<FieldFault> {
  const message = 'must be one line, without control characters or others that nobody sees'
  if (!isPlainName(name)) yield { key: 'name', message }
  if (!tags.every(isPlainName)) yield { key: 'tags', message: `each ${message}` }
}

/** What belongs together, and what excludes each other. */
function* together(settings: ConnectionSettings): Generator<FieldFault> {
  const { ca_file, ca_cert, client_cert, client_key, client_cert_file, client_key_file } = settings
  if (ca_file !== undefined && ca_cert !== undefined) {
    yield {
      key: 'ca_cert',
      message: 'give the certificate authority as a file or as text, not both',
    }
  }
  if ((client_cert_file === undefined) !== (client_key_file === undefined)) {
    const key = client_key_file === undefined ? 'client_key_file' : 'client_cert_file'
    yield { key, message: 'a client certificate needs both its certificate and its key' }
  }
  if ((client_cert === undefined) !== (client_key === undefined)) {
    const key = client_key === undefined ? 'client_key' : 'client_cert'
    yield { key, message: 'a client certificate needs both its certificate and its key' }
  }
  if (client_cert !== undefined && client_cert_file !== undefined) {
    yield {
      key: 'client_cert',
      message: 'give the client certificate as files or as text, not both',
    }
  }
}
