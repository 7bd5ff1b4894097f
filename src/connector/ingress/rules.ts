import { formatAuthority, type HostPort } from '../../address.ts'
import type { OfferedService, StreamFault } from '../../tunnel/connector/protocol.ts'
import { fitsHostname, type HostnamePattern } from './hostname.ts'
import type { OriginRequest } from './origin-request.ts'
import type { OriginService, TcpService } from './service.ts'

/** One rule, as it was read. */
export interface IngressRule {
  /** Undefined for the catch-all. */
  readonly hostname: HostnamePattern | undefined
  /** How it stands in the file, for the gateway and for people. */
  readonly text: string
  /** Undefined for a rule that cannot be served: its names are answered, and nothing is dialled. */
  readonly service: OriginService | undefined
  readonly request: OriginRequest
}

/** What may be dialled for one stream, and by which rule's settings. */
export type Origin =
  | { readonly kind: 'tcp'; readonly target: HostPort; readonly rule: IngressRule }
  | { readonly kind: 'unix'; readonly path: string; readonly rule: IngressRule }
  /** Named by the gateway: dialled where the rule's `ipRules` allow the address. */
  | { readonly kind: 'bastion'; readonly target: HostPort; readonly rule: IngressRule }
  /** Named by the program at the other end. */
  | { readonly kind: 'socks-proxy'; readonly rule: IngressRule }

export type Choice =
  | { readonly origin: Origin }
  | { readonly fault: StreamFault; readonly why: string }

/** What a stream names: the host that was asked for, and what to dial where the gateway says it. */
export interface Asked {
  /** Lower case, without a port. */
  readonly hostname: string
  readonly service: HostPort | undefined
  /** The client named `service`, and the gateway has not looked at it. */
  readonly isByClient?: boolean | undefined
}

/**
 * Chooses what a stream is to reach. Without a `service` the first rule whose name fits says so; with one it
 * must be the address of a rule's service, or go through a bastion: no gateway makes a connector dial what its
 * own rules do not name. Where the client named it, the rule for the name must be a bastion, and its list alone
 * counts: the services of other rules have policies of their own.
 */
export function chooseOrigin(rules: readonly IngressRule[], asked: Asked): Choice {
  const byName = firstRule(rules, asked.hostname)
  if (asked.isByClient === true) return byBastion(byName, asked)
  if (asked.service === undefined) {
    return byName === undefined
      ? { fault: 'no-rule', why: `no rule is for "${asked.hostname}"` }
      : byRule(byName, asked.hostname)
  }
  const { service } = asked
  // The rule for the name first: its settings are meant for it.
  const candidates = byName === undefined ? rules : [byName, ...rules]
  const rule = candidates.find((one) => leadsTo(one, service)) ?? candidates.find(isBastion)
  if (rule === undefined) {
    const why = `no rule names "${formatAuthority(service)}" as its service`
    return { fault: 'no-rule', why }
  }
  const kind = isBastion(rule) ? 'bastion' : 'tcp'
  return { origin: { kind, target: service, rule } }
}

/** The first rule that is for a host name, in lower case. */
export function firstRule(
  rules: readonly IngressRule[],
  hostname: string,
): IngressRule | undefined {
  return rules.find(({ hostname: pattern }) => {
    return pattern === undefined || fitsHostname(pattern, hostname)
  })
}

/** What the rules offer, in the words of the wire. */
export function offeredServices(rules: readonly IngressRule[]): readonly OfferedService[] {
  return rules.map(({ hostname, text }) => ({ hostname, service: text }))
}

function byBastion(rule: IngressRule | undefined, { hostname, service }: Asked): Choice {
  if (service !== undefined && rule !== undefined && isBastion(rule)) {
    return { origin: { kind: 'bastion', target: service, rule } }
  }
  return { fault: 'no-rule', why: `no rule makes "${hostname}" a bastion` }
}

function byRule(rule: IngressRule, hostname: string): Choice {
  const { service } = rule
  if (service === undefined) {
    return { fault: 'not-served', why: `its rule for "${hostname}" cannot be served` }
  }
  switch (service.kind) {
    case 'tcp':
      return { origin: { kind: 'tcp', target: service.target, rule } }
    case 'unix':
      return { origin: { kind: 'unix', path: service.path, rule } }
    case 'socks-proxy':
      return { origin: { kind: 'socks-proxy', rule } }
    case 'bastion':
      return { fault: 'no-rule', why: `"${hostname}" is a bastion, and no destination was named` }
    default:
      return {
        fault: 'not-served',
        why: `its rule for "${hostname}" answers with status ${service.status}`,
      }
  }
}

function leadsTo({ service }: IngressRule, { host, port }: HostPort): boolean {
  return isTcp(service) && service.target.host === host && service.target.port === port
}

function isTcp(service: OriginService | undefined): service is TcpService {
  return service?.kind === 'tcp'
}

function isBastion({ service }: IngressRule): boolean {
  return service?.kind === 'bastion'
}
