import { z } from 'zod'
import type { TryRequest } from '../../control/trial-protocol.ts'
import { ConfigError, type Problem } from '../../errors.ts'
import { createFiles } from '../../files.ts'
import type { Outcome } from '../../policy/decision.ts'
import { allReasons } from '../../policy/explain.ts'
import { findRoute } from '../../routes/find-route.ts'
import type { RouteTable } from '../../routes/table.ts'
import { checkAt } from '../../schema.ts'
import { didYouMean } from '../../spelling.ts'
import { parseYaml, type YamlText } from '../../yaml-text.ts'

/** One test of a policy: who comes how to which route, and what is to be decided. */
export interface PolicyTest {
  readonly name: string
  /** `file:line`, where it stands. */
  readonly source: string
  readonly line: number
  readonly request: TryRequest
  readonly expect: Outcome
  /** All that the decision has to give, in any order; undefined: whatever it gives. */
  readonly reasons: readonly string[] | undefined
}

const text = z.string().min(1).max(320)
const texts = z.array(z.string().max(2_000)).max(100)

const certificate = z.strictObject({
  valid: z.boolean().optional(),
  fingerprint: text.optional(),
  spki_hash: text.optional(),
  dns_names: texts.optional(),
  email_addresses: texts.optional(),
  uris: z.array(z.string().max(2_000)).max(100).optional(),
})

const person = z.strictObject({
  email: text.optional(),
  user_id: text.optional(),
  provider: text.optional(),
  email_verified: z.boolean().optional(),
  groups: z.array(text).max(1_000).optional(),
  claims: z.record(z.string(), z.json()).optional(),
  service_account: text.optional(),
  certificate: certificate.optional(),
})

const moment = z.iso.datetime({
  offset: true,
  error: 'must be a moment such as 2026-03-04T12:00:00Z, with "Z" or an offset',
})
const address = z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' })

const outcomes = ['allow', 'deny', 'sign-in', 'client-certificate'] as const

const test = z.strictObject({
  name: z.string().min(1).max(300),
  who: z.union([z.string().min(1).max(320), person], {
    error: 'must be an email address, "nobody", or an object with "email", "groups", …',
  }),
  route: z.string().min(1).max(300),
  at: moment.optional(),
  from: address.optional(),
  expect: z.enum(outcomes),
  reasons: z.array(z.string()).min(1).optional(),
})

const file = z.strictObject({ tests: z.array(test).min(1) })

type WrittenTest = z.output<typeof test>

/**
 * Reads files of policy tests.
 *
 * @throws {ConfigError} with every fault of them all, each at its place: a key that there is not, a route that
 * the configuration has not
 */
export async function readPolicyTests(
  paths: readonly string[],
  table: RouteTable,
): Promise<readonly PolicyTest[]> {
  const problems: Problem[] = []
  const tests: PolicyTest[] = []
  for (const path of paths) {
    try {
      tests.push(...(await readOne(path, table, problems)))
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      problems.push(...error.problems)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return tests
}

async function readOne(
  path: string,
  table: RouteTable,
  problems: Problem[],
): Promise<readonly PolicyTest[]> {
  const read = parseYaml(path, await textOf(path))
  // A whole file at once: one test that is at fault does not hide the faults of the others.
  const checked = checkAt(read, [], file)
  if (!checked.ok) throw new ConfigError(checked.problems)
  return checked.value.tests.map((written, index) => {
    problems.push(...faultsOf(written, index, read, table))
    return {
      name: written.name,
      source: path,
      line: read.problem(['tests', index], '').line ?? 0,
      request: requestOf(written),
      expect: written.expect,
      reasons: written.reasons,
    }
  })
}

async function textOf(path: string): Promise<string> {
  const read = await createFiles('.').read(path)
  if (read.ok) return read.text
  throw new ConfigError([{ source: path, path: '', message: read.message }])
}

/** What only the configuration, or the rest of the test, tells to be wrong. */
function faultsOf(
  { who, route, reasons = [] }: WrittenTest,
  index: number,
  read: YamlText,
  table: RouteTable,
): readonly Problem[] {
  const at = (key: string, message: string, hint?: string, more: readonly number[] = []): Problem =>
    read.problem(['tests', index, key, ...more], message, { hint })
  const found = findRoute(table, route)
  const known = new Set<string>(allReasons)
  return [
    ...(found === undefined
      ? [at('route', `the configuration has no route "${route}"`, hintFor(route, table))]
      : []),
    ...(found !== undefined && 'several' in found
      ? [at('route', `several routes are called "${route}": name one by its id`)]
      : []),
    ...(typeof who === 'object' ? whoFaults(who).map((message) => at('who', message)) : []),
    ...reasons.flatMap((reason, place) =>
      known.has(reason)
        ? []
        : [at('reasons', `unknown reason "${reason}"`, didYouMean(reason, known), [place])],
    ),
  ]
}

function hintFor(route: string, { routes }: RouteTable): string {
  const names = routes.flatMap(({ id, name }) => [id, name])
  return (
    didYouMean(route, names) ?? 'name it by its id, its name, or a host:port that it answers to'
  )
}

function whoFaults(who: z.output<typeof person>): readonly string[] {
  const { service_account: account, certificate: _, ...aboutPerson } = who
  const isPerson = Object.keys(aboutPerson).length > 0
  if (account !== undefined && isPerson)
    return ['cannot be a service account and a person: a service account has its id alone']
  const isUnnamed = who.email === undefined && who.user_id === undefined
  return isPerson && isUnnamed ? ['needs "email" or "user_id"'] : []
}

function requestOf({ who, route, at, from }: WrittenTest): TryRequest {
  const where = { route, at, ip: from }
  if (typeof who === 'string') return who === 'nobody' ? where : { ...where, person: who }
  const { email, user_id, service_account, ...rest } = who
  return { ...where, ...rest, person: email ?? user_id, user_id, service_account }
}
