import { lookAtGateway, type GatewayLook } from '../../client/gateways/look-at-gateway.ts'
import { chosen } from '../../client/gateways/choose-gateway.ts'
import { AppError } from '../../errors.ts'
import { silentLogger } from '../../log.ts'
import { knownGateways, namedOf, rememberedTrust, trustFor } from '../asking/gateway-of.ts'
import { clientEnvironment } from '../process/environment.ts'
import { note, printText } from '../speech/print.ts'
import { sayTime } from '../../say-time.ts'
import { printTable } from '../speech/table.ts'
import { describe, errorFields, type Voice } from '../speech/voice.ts'
import { tunnelsToJson } from './open-tunnels.ts'

/** A gateway that commands may mean, and how it stands with it now. */
export interface KnownStatus {
  /** By which commands take it; undefined where `POSTERN_GATEWAY` names one that is not remembered. */
  readonly name: string | undefined
  readonly origin: string
  readonly isDefault: boolean
  /** Whether `POSTERN_GATEWAY` names it. */
  readonly isNamed: boolean
  readonly look: GatewayLook
}

/** Looks at every remembered gateway and the one that `POSTERN_GATEWAY` names, all at once, for a few seconds at most. */
export async function lookAtKnown(voice: Voice, signal: AbortSignal): Promise<KnownStatus[]> {
  const all = await knownGateways(voice)
  const named = await namedOf(undefined, all).catch((error: unknown) => {
    // The others are there nevertheless.
    if (!(error instanceof AppError)) throw error
    voice.warn(`POSTERN_GATEWAY: ${describe(error)}`, errorFields(error))
    return undefined
  })
  // One that is not remembered comes first, as the one that commands mean.
  const stranger = named !== undefined && named.known === undefined ? [named] : []
  return Promise.all(
    [...stranger, ...all.gateways.map(chosen)].map(async ({ gateway, known }) => {
      const isNamed = gateway.origin === named?.gateway.origin
      // `POSTERN_CA_FILE` vouches for the one that is named, where one is.
      const isAsked = isNamed || named === undefined
      const trust = isAsked
        ? await trustFor(isNamed && named !== undefined ? named : { known }, {}, voice)
        : await rememberedTrust(known, voice)
      const told = clientEnvironment()
      const look = await lookAtGateway({ ...told, gateway, trust, log: silentLogger, signal })
      const isDefault = known !== undefined && known.name === all.defaultName
      return { name: known?.name, origin: gateway.origin, isDefault, isNamed, look }
    }),
  )
}

/** Prints them as a table, and what is wrong with each below it. */
export function printKnown(all: readonly KnownStatus[]): void {
  printTable([
    ['GATEWAY', 'ADDRESS', 'STATE', 'TRANSPORT', 'TLS', 'SIGNED IN'],
    ...all.map(({ name, origin, isDefault, isNamed, look }) => [
      [name ?? '-', isDefault && '(default)', isNamed && '(POSTERN_GATEWAY)']
        .filter((word) => word !== false)
        .join(' '),
      origin,
      look.trouble === undefined ? 'reachable' : 'unreachable',
      look.transport ?? '-',
      sayTls(look),
      saySession(look),
    ]),
  ])
  printText('\n')
  for (const { name, origin, look } of all) {
    const called = name ?? origin
    if (look.trouble !== undefined) {
      note(`${called}: ${look.trouble.message}`)
      if (look.trouble.hint !== undefined) note(`  hint: ${look.trouble.hint}`)
    } else if (look.session === 'wanted') {
      note(`${called}: nobody is signed in`)
      note(`  hint: "postern login ${called}"`)
    }
  }
}

function sayTls({ tls }: GatewayLook): string {
  return tls === undefined ? '-' : [tls.version, tls.keyExchange].filter(Boolean).join(', ')
}

function saySession({ session, owner }: GatewayLook): string {
  if (session !== 'signed-in') return session === 'wanted' ? 'nobody' : '-'
  const name = owner?.email ?? owner?.name ?? owner?.userId ?? 'somebody'
  return owner?.expiresAt === undefined ? name : `${name} until ${sayTime(owner.expiresAt)}`
}

/** For scripts. */
export function knownToJson({ name, origin, isDefault, isNamed, look }: KnownStatus): object {
  const { trouble, transport, tls, session, owner } = look
  return {
    name,
    origin,
    is_default: isDefault,
    ...(isNamed && { named_by: 'POSTERN_GATEWAY' }),
    reach: trouble === undefined ? 'reachable' : 'unreachable',
    trouble: trouble && { code: trouble.code, message: trouble.message, hint: trouble.hint },
    transport,
    tls: tls && { version: tls.version, cipher: tls.cipher, key_exchange: tls.keyExchange },
    session,
    person: owner?.email ?? owner?.name ?? owner?.userId,
    session_ends_at: owner?.expiresAt,
    gateway_version: owner?.gatewayVersion,
    ...tunnelsToJson(look),
  }
}
