import { ConfigError, type Problem } from '../../errors.ts'
import type { ForeignKey } from '../../foreign-keys.ts'
import { show, textOf, valueAt } from '../../schema.ts'
import { key, textKey } from '../../setting-key.ts'
import { z } from 'zod'
import type { Path, YamlText } from '../../yaml-text.ts'
import { readKeys } from '../../read-keys.ts'
import { parseHostname, type HostnamePattern } from './hostname.ts'
import {
  foreignOriginRequestKeys,
  mergeOriginRequest,
  originRequestKeys,
  type OriginRequest,
  type OriginRequestValues,
} from './origin-request.ts'
import type { IngressRule } from './rules.ts'
import { parseService, type OriginService } from './service.ts'

/** The rules of a file, and what is wrong with them. */
export interface IngressReading {
  readonly rules: readonly IngressRule[]
  /** Of single rules: these answer that they are not served, and the others work. */
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** The catch-all stands for every name; `undefined` says so. */
const hostname = textOf('a host name', (text) =>
  text === '' || text === '*' ? ({ isEvery: true } as const) : namedPattern(text),
)

function namedPattern(text: string) {
  const pattern = parseHostname(text)
  return typeof pattern === 'string' ? ({ isEvery: false, pattern } as const) : pattern
}

/** The keys of a rule. */
export const ruleKeys = {
  hostname: textKey(hostname, 'host name', {
    variable: 'none',
    without: 'every name: only the last rule may',
    doc: 'The name that was asked for, exact or `*.example.com` for all below it. The first rule that fits is used.',
  }),
  service: textKey(textOf('a service', parseService), 'service', {
    variable: 'none',
    doc: 'What is dialled; see the table above.',
  }),
  originRequest: key({
    schema: z.unknown(),
    type: 'mapping',
    variable: 'none' as const,
    doc: "How it is dialled; the keys of the file's `originRequest`.",
  }),
} as const

/** Keys of a rule that mean something for requests alone. */
export const foreignRuleKeys: readonly ForeignKey[] = [
  {
    key: 'path',
    class: 'refused',
    why: 'a connector carries bytes, which have no path; without it the rule would be for more than it says',
  },
]

/**
 * Reads `ingress` and the file's `originRequest`. A rule with a fault stays among the rules, so that its names
 * fall to no other, and is served by nothing.
 *
 * @throws ConfigError where the list as a whole cannot be used: none, or no catch-all at its end
 */
export function readIngress(text: YamlText): IngressReading {
  const list = valueAt(text.value, ['ingress'])
  if (!Array.isArray(list) || list.length === 0) {
    throw new ConfigError([text.problem(['ingress'], 'must be a list of rules, and not empty')])
  }
  const file = readKeys(text, ['originRequest'], originRequestKeys, foreignOriginRequestKeys)
  const read = list.map((_, index) => readRule(text, ['ingress', index], file.values))
  requireCatchAll(text, read)
  return {
    rules: read.map(({ rule }) => rule),
    problems: [...file.problems, ...read.flatMap(({ problems }) => problems)],
    warnings: [...file.warnings, ...read.flatMap(({ warnings }) => warnings)],
  }
}

interface ReadRule {
  readonly rule: IngressRule
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

function readRule(text: YamlText, path: Path, file: OriginRequestValues): ReadRule {
  const own = readKeys(text, path, ruleKeys, foreignRuleKeys)
  const under = [...path, 'originRequest']
  const request = readKeys(text, under, originRequestKeys, foreignOriginRequestKeys)
  const merged = mergeOriginRequest(file, request.values)
  const { service, faults } = serviceOf(text, path, own.values.service, merged)
  const problems = [...own.problems, ...request.problems, ...faults]
  return {
    rule: {
      hostname: patternOf(text, path, own.values.hostname),
      text: service?.text ?? writtenService(text, path),
      service: problems.length === 0 ? service : undefined,
      request: merged,
    },
    problems,
    warnings: [...own.warnings, ...request.warnings],
  }
}

/** A name with a fault is for itself and nothing else: it must never become the catch-all. */
function patternOf(
  text: YamlText,
  path: Path,
  read: { readonly isEvery: boolean; readonly pattern?: HostnamePattern } | undefined,
): HostnamePattern | undefined {
  if (read !== undefined) return read.pattern
  const written = valueAt(text.value, [...path, 'hostname'])
  if (written === undefined || written === null) return undefined
  return typeof written === 'string' ? written.toLowerCase() : show(written)
}

function serviceOf(
  text: YamlText,
  path: Path,
  service: OriginService | undefined,
  request: OriginRequest,
): { readonly service: OriginService | undefined; readonly faults: readonly Problem[] } {
  if (service === undefined) {
    const isWritten = valueAt(text.value, [...path, 'service']) !== undefined
    const faults = isWritten ? [] : [text.problem(path, 'must have a "service"')]
    return { service, faults }
  }
  const meant = byMode(service, request)
  const named = meant.kind === 'bastion' || meant.kind === 'socks-proxy'
  if (!named || request.ipRules.some(({ allow }) => allow)) return { service: meant, faults: [] }
  const message = `${show(meant.text)} may dial nothing: its "ipRules" allow no address`
  const hint = 'write originRequest: {ipRules: [{prefix: 10.0.0.0/8, ports: [22], allow: true}]}'
  return { service: meant, faults: [text.problem([...path, 'service'], message, { hint })] }
}

/** `bastionMode` and `proxyType` are other spellings of two services. */
function byMode(service: OriginService, request: OriginRequest): OriginService {
  if (service.kind !== 'tcp') return service
  if (request.bastionMode) return { kind: 'bastion', text: 'bastion' }
  return request.proxyType === 'socks' ? { kind: 'socks-proxy', text: 'socks-proxy' } : service
}

function writtenService(text: YamlText, path: Path): string {
  const written = valueAt(text.value, [...path, 'service'])
  return typeof written === 'string' ? written : ''
}

/** Otherwise a name would reach something or nothing by where its rule happens to stand. */
function requireCatchAll(text: YamlText, read: readonly ReadRule[]): void {
  const last = read.length - 1
  const problems = read.flatMap(({ rule }, index) => {
    const isEvery = rule.hostname === undefined
    if (isEvery === (index === last)) return []
    return [
      isEvery
        ? text.problem(['ingress', index], 'is for every name: the rules after it are never used', {
            hint: 'give it a "hostname", or put it last',
          })
        : text.problem(['ingress', index], 'must be for every name, since it is the last', {
            hint: 'add a last rule without a "hostname", such as "- service: http_status:404"',
          }),
    ]
  })
  if (problems.length > 0) throw new ConfigError(problems)
}
