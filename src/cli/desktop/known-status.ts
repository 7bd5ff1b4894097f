import { lookAtGateway, type GatewayLook } from '../../client/gateways/look-at-gateway.ts'
import { chosen } from '../../client/gateways/choose-gateway.ts'
import type { KnownGateway, KnownGateways } from '../../client/gateways/known-gateway.ts'
import { silentLogger } from '../../log.ts'
import { knownGateways, trustFor } from '../asking/gateway-of.ts'
import { clientEnvironment } from '../process/environment.ts'
import { note, printText } from '../speech/print.ts'
import { sayTime } from '../../say-time.ts'
import { printTable } from '../speech/table.ts'
import type { Voice } from '../speech/voice.ts'

/** A remembered gateway, and how it stands with it now. */
export interface KnownStatus {
  readonly known: KnownGateway
  readonly isDefault: boolean
  readonly look: GatewayLook
}

/** Looks at every remembered gateway at once, for a few seconds at most. */
export async function lookAtKnown(voice: Voice, signal: AbortSignal): Promise<KnownStatus[]> {
  const all = await knownGateways(voice)
  return Promise.all(all.gateways.map((known) => lookAtOne(known, all, voice, signal)))
}

async function lookAtOne(
  known: KnownGateway,
  { defaultName }: KnownGateways,
  voice: Voice,
  signal: AbortSignal,
): Promise<KnownStatus> {
  const { gateway } = chosen(known)
  const trust = await trustFor({ known }, {}, voice)
  const told = clientEnvironment()
  const look = await lookAtGateway({ ...told, gateway, trust, log: silentLogger, signal })
  return { known, isDefault: known.name === defaultName, look }
}

/** Prints them as a table, and what is wrong with each below it. */
export function printKnown(all: readonly KnownStatus[]): void {
  printTable([
    ['GATEWAY', 'ADDRESS', 'STATE', 'TRANSPORT', 'TLS', 'SIGNED IN'],
    ...all.map(({ known, isDefault, look }) => [
      isDefault ? `${known.name} (default)` : known.name,
      known.url,
      look.trouble === undefined ? 'reachable' : 'unreachable',
      look.transport ?? '-',
      sayTls(look),
      saySession(look),
    ]),
  ])
  printText('\n')
  for (const { known, look } of all) {
    if (look.trouble !== undefined) {
      note(`${known.name}: ${look.trouble.message}`)
      if (look.trouble.hint !== undefined) note(`  hint: ${look.trouble.hint}`)
    } else if (look.session === 'wanted') {
      note(`${known.name}: nobody is signed in`)
      note(`  hint: "postern login ${known.name}"`)
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
export function knownToJson({ known, isDefault, look }: KnownStatus): object {
  const { trouble, transport, tls, session, owner } = look
  return {
    name: known.name,
    origin: known.url,
    is_default: isDefault,
    reach: trouble === undefined ? 'reachable' : 'unreachable',
    trouble: trouble && { code: trouble.code, message: trouble.message, hint: trouble.hint },
    transport,
    tls: tls && { version: tls.version, cipher: tls.cipher, key_exchange: tls.keyExchange },
    session,
    person: owner?.email ?? owner?.name ?? owner?.userId,
    session_ends_at: owner?.expiresAt,
    gateway_version: owner?.gatewayVersion,
  }
}
