import { hash } from 'node:crypto'
import type { CheckedRoute, ParsedRoute } from './parse-route.ts'
import { connectorOf } from './connector-to.ts'
import { formatTarget } from './from.ts'
import {
  openNextGatewayTls,
  pemsOf,
  readPemFiles,
  type PemFiles,
  type Pems,
  type ReadFile,
} from './next-gateway-tls.ts'
import { createRouteNotes, type RouteFindings } from './route-findings.ts'
import { routeKeys } from './route-keys.ts'
import type { NewRoute } from './route.ts'
import type { NextGatewayTls, UpstreamWay } from './upstream-way.ts'
import { defaultOf } from '../setting-key.ts'

/** What a route is opened with, besides what it says itself. */
export interface OpenRouteOptions {
  readonly readFile: ReadFile
  /** For telling whether certificates have expired; milliseconds since the epoch. */
  readonly nowMs: number
  /** The route that was opened before under an id: where nothing has changed it is answered again. */
  readonly known?: ((id: string) => NewRoute | undefined) | undefined
}

/** A route that tunnels are decided by, and what there is to say of its files. */
export interface OpenedRoute extends RouteFindings {
  /** Undefined where there is a fault, in itself or in its files. */
  readonly route: NewRoute | undefined
}

/**
 * Reads the files that a route names, and makes of both what tunnels are decided by. The files are
 * looked at beside other faults too, so that all are told at once.
 */
export async function openRoute(
  parsed: ParsedRoute,
  { readFile, ...options }: OpenRouteOptions,
): Promise<OpenedRoute> {
  const isEncrypted = parsed.scheme === 'https'
  const files = isEncrypted ? await readPemFiles(parsed.values, readFile) : new Map<never, never>()
  return openWith(parsed, { files, ...options })
}

/** The same of a route that names no file; nobody waits then. A file that it names counts as not given. */
export function openRouteAlone(
  parsed: ParsedRoute,
  options: Omit<OpenRouteOptions, 'readFile'>,
): OpenedRoute {
  return openWith(parsed, { files: new Map(), ...options })
}

function openWith(
  { checked, values, scheme }: ParsedRoute,
  { files, nowMs, known }: Omit<OpenRouteOptions, 'readFile'> & { readonly files: PemFiles },
): OpenedRoute {
  const notes = createRouteNotes()
  const { faults, warnings } = notes
  const isEncrypted = scheme === 'https'
  const pems = isEncrypted ? pemsOf(values, { files, nowMs }, notes) : {}
  const before = checked && known?.(routeIdOf(checked))
  if (checked && faults.length === 0 && before?.fingerprint === fingerprintOf(checked, pems)) {
    return { faults, warnings, route: before }
  }
  const isUsable = isEncrypted && faults.length === 0
  const tls = isUsable ? openNextGatewayTls(values, pems, notes) : undefined
  const isRight = checked !== undefined && faults.length === 0
  return { faults, warnings, route: isRight ? buildRoute(checked, pems, tls) : undefined }
}

/**
 * Makes a route whose files have been read; without any where it names none.
 *
 * @throws TypeError for https upstreams without `tls`: they would be spoken to in the clear
 */
export function buildRoute(checked: CheckedRoute, pems: Pems = {}, tls?: NextGatewayTls): NewRoute {
  const { definition, values, policy, requests } = checked
  const { from } = values
  const [first] = from.targets
  return {
    id: routeIdOf(checked),
    fingerprint: fingerprintOf(checked, pems),
    definition,
    name: values.name ?? (first === undefined ? from.text : formatTarget(first)),
    description: values.description ?? '',
    from: from.text,
    way: wayOf(checked, tls),
    policy,
    ...requests,
    isApplication: values.application ?? false,
    isListed: values.listed ?? false,
    contact: values.contact ?? '',
    namespace: values.namespace,
    timeoutMs: values.timeout ?? 0,
    idleTimeoutMs: values.idle_timeout ?? 0,
    stallTimeoutMs: values.stall_timeout ?? defaultOf(routeKeys.stall_timeout),
    tell: values.tell,
    maxTunnels: values.max_tunnels ?? 0,
  }
}

/** The id that was written, or one that is made. */
export function routeIdOf({ values: { id, from } }: CheckedRoute): string {
  return id ?? madeRouteId(from.text)
}

/** 16 hexadecimal digits that are the same as long as `from` is. */
export function madeRouteId(from: string): string {
  return hash('sha256', from).slice(0, 16)
}

function wayOf({ values, to, scheme }: CheckedRoute, tls: NextGatewayTls | undefined): UpstreamWay {
  const connector = connectorOf(values.to)
  if (connector !== undefined) {
    const { scheme: _scheme, ...rest } = connector
    return { kind: 'connector', ...rest }
  }
  const dialled = {
    to,
    allowsMetadataAddress: values.allow_metadata_address === true,
    proxyProtocol: values.upstream_proxy_protocol,
  }
  if (scheme === 'tcp') return { kind: 'direct', ...dialled }
  if (scheme === 'https' && tls === undefined) throw new TypeError('an https upstream without TLS')
  return { kind: 'next-gateway', tls, ...dialled }
}

/** All that a route is made of. A hash, since there may be a private key among it. */
function fingerprintOf(
  { definition, named, clientCertificates }: CheckedRoute,
  pems: Pems,
): string {
  const policies = named.map(({ fingerprint }) => fingerprint)
  return hash('sha256', JSON.stringify([definition, policies, clientCertificates, pems]))
}
