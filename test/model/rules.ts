import type { Json } from '../../src/routes/definition.ts'
import type { Random } from './random.ts'

// The model's own language of policies. What the gateway reads is written from it, and what the reference says of
// somebody is worked out from it: the two share no line.

/** One criterion; times are milliseconds, of a day those since its midnight in UTC. */
export type Test =
  | { readonly kind: 'everybody' }
  | { readonly kind: 'signed-in' }
  | { readonly kind: 'user'; readonly id: string }
  | { readonly kind: 'email'; readonly address: string }
  | { readonly kind: 'domain'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string }
  | { readonly kind: 'team'; readonly name: string }
  | { readonly kind: 'address'; readonly ip: string }
  | { readonly kind: 'from'; readonly atMs: number }
  | { readonly kind: 'until'; readonly atMs: number }
  | { readonly kind: 'daily'; readonly afterMs: number; readonly beforeMs: number }
  | { readonly kind: 'certificate'; readonly fingerprint: string }
  | { readonly kind: 'no-certificate' }

export interface Rule {
  readonly side: 'allow' | 'deny'
  readonly operator: 'and' | 'or' | 'not' | 'nor'
  /** At least one. */
  readonly tests: readonly Test[]
}

/** Whoever asks, as policies may know them now. */
export interface Asker {
  readonly kind: 'person' | 'account' | 'nobody'
  readonly userId: string
  readonly email: string
  /** Whether the address is known to be theirs. */
  readonly isVerified: boolean
  readonly groups: readonly string[]
  /** Of an address that only may be theirs: they count where they keep somebody out. */
  readonly groupsPerhaps: readonly string[]
  readonly team: string
  readonly ip: string
  /** Of a certificate that the gateway trusts now; undefined without one. */
  readonly fingerprint: string | undefined
  readonly nowMs: number
}

/** Names that rules are drawn from. */
export interface Vocabulary {
  readonly userIds: readonly string[]
  readonly emails: readonly string[]
  readonly domains: readonly string[]
  readonly groups: readonly string[]
  readonly teams: readonly string[]
  readonly ips: readonly string[]
  readonly fingerprint: string
}

/** Clocks move by this, and everything that time changes does so at a multiple of it. */
export const tickMs = 5_000
const dayMs = 86_400_000

/** As it stands in a route's `policy`. */
export function writeRules(rules: readonly Rule[]): readonly Json[] {
  return rules.map(({ side, operator, tests }) => ({
    [side]: { [operator]: tests.map(writeTest) },
  }))
}

function writeTest(test: Test): Json {
  switch (test.kind) {
    case 'everybody':
      return { accept: true }
    case 'signed-in':
      return { authenticated_user: true }
    case 'user':
      return { user: { is: test.id } }
    case 'email':
      return { email: { is: test.address } }
    case 'domain':
      return { domain: { is: test.name } }
    case 'group':
      return { groups: { has: test.name } }
    case 'team':
      return { 'claim/team': test.name }
    case 'address':
      return { source_ip: test.ip }
    case 'from':
      return { date: { after: new Date(test.atMs).toISOString() } }
    case 'until':
      return { date: { before: new Date(test.atMs).toISOString() } }
    case 'daily':
      return {
        time_of_day: {
          timezone: 'UTC',
          after: writeTime(test.afterMs),
          before: writeTime(test.beforeMs),
        },
      }
    case 'certificate':
      return { client_certificate: { fingerprint: test.fingerprint } }
    default:
      return { invalid_client_certificate: true }
  }
}

function writeTime(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19)
}

/** Whether these rules let somebody in: as docs/policy.md says it, and not as src/policy does. */
export function letsIn(rules: readonly Rule[], asker: Asker): boolean {
  const allows = rules.filter(({ side }) => side === 'allow')
  const denies = rules.filter(({ side }) => side === 'deny')
  if (asker.kind === 'nobody') {
    if (
      denies.some((rule) => asksStranger(rule, asker)) ||
      allows.some((rule) => leadsToSignIn(rule, asker))
    )
      return false
  }
  return (
    allows.some((rule) => (asker.kind === 'account' ? admits(rule, asker) : holds(rule, asker))) &&
    !denies.some((rule) => holds(rule, asker))
  )
}

function holds({ side, operator, tests }: Rule, asker: Asker): boolean {
  const isTurned = operator === 'not' || operator === 'nor'
  const keepsOut = (side === 'allow') === isTurned
  const groups = [...asker.groups, ...asker.groupsPerhaps]
  const doubted = keepsOut ? { ...asker, groups } : asker
  const values = tests.map((test) => {
    if (asker.isVerified || (test.kind !== 'email' && test.kind !== 'domain'))
      return isMet(test, doubted)
    // It may be anybody's: nobody is let in by it, or by not having another one, and whom it names is kept out.
    return keepsOut && (side === 'allow' || isMet(test, asker))
  })
  return combine(operator, values)
}

function combine(operator: Rule['operator'], values: readonly boolean[]): boolean {
  if (operator === 'and') return values.every(Boolean)
  if (operator === 'or') return values.some(Boolean)
  if (operator === 'not') return !values.some(Boolean)
  return !values.every(Boolean)
}

/** A service account is let in by what names it, and never by what it is not. */
function admits({ operator, tests }: Rule, asker: Asker): boolean {
  const isTurned = operator === 'not' || operator === 'nor'
  const values = tests.map((test) => {
    if (!isPersonal(test)) return isMet(test, asker)
    return isTurned || ((test.kind === 'user' || test.kind === 'signed-in') && isMet(test, asker))
  })
  return combine(operator, values)
}

function isPersonal({ kind }: Test): boolean {
  return ['signed-in', 'user', 'email', 'domain', 'group', 'team'].includes(kind)
}

/** Under `deny` a criterion about a person does so, but in a `not` that another one settles. */
function asksStranger(rule: Rule, asker: Asker): boolean {
  return asksWho(rule) && !(rule.operator === 'not' && isSettled(rule, asker))
}

function isSettled({ tests }: Rule, asker: Asker): boolean {
  return tests.some((test) => !isPersonal(test) && isMet(test, asker))
}

function asksWho({ tests }: Rule): boolean {
  return tests.some(isPersonal)
}

/** An `allow` by what somebody is not says of a stranger that they must sign in. */
function leadsToSignIn(rule: Rule, asker: Asker): boolean {
  if (!asksWho(rule)) return false
  if (rule.operator === 'nor') return true
  return rule.operator === 'not' && !isSettled(rule, asker)
}

function isMet(test: Test, asker: Asker): boolean {
  const isPerson = asker.kind === 'person'
  switch (test.kind) {
    case 'everybody':
      return true
    case 'signed-in':
      return asker.kind !== 'nobody'
    case 'user':
      return asker.kind !== 'nobody' && asker.userId === test.id
    case 'email':
      return isPerson && asker.email === test.address
    case 'domain':
      return isPerson && asker.email.endsWith(`@${test.name}`)
    case 'group':
      return isPerson && asker.groups.includes(test.name)
    case 'team':
      return isPerson && asker.team === test.name
    case 'address':
      return asker.ip === test.ip
    case 'from':
      return asker.nowMs >= test.atMs
    case 'until':
      return asker.nowMs < test.atMs
    case 'daily': {
      const { afterMs, beforeMs } = test
      const timeMs = asker.nowMs % dayMs
      const isSameDay = afterMs <= beforeMs
      return isSameDay
        ? timeMs >= afterMs && timeMs < beforeMs
        : timeMs >= afterMs || timeMs < beforeMs
    }
    case 'certificate':
      return asker.fingerprint === test.fingerprint
    default:
      return asker.fingerprint === undefined
  }
}

/** One to three rules, most of which let some people in. */
export function drawRules(random: Random, words: Vocabulary, nowMs: number): readonly Rule[] {
  const rules = Array.from({ length: 1 + random.below(2) }, () =>
    drawRule('allow', random, words, nowMs),
  )
  const isGuarded = random.isIn(35)
  return isGuarded ? [...rules, drawRule('deny', random, words, nowMs)] : rules
}

function drawRule(side: Rule['side'], random: Random, words: Vocabulary, nowMs: number): Rule {
  const operator = random.pick([...often.or, ...often.and, 'not', 'nor'] as const)
  const isTurned = operator === 'not' || operator === 'nor'
  const length = 1 + random.below(3)
  const tests = Array.from({ length }, () => drawTest(random, words, nowMs))
  // Where a certificate is lacking the two sides have rules of their own, which the reference leaves out.
  const isFit = ({ kind }: Test): boolean =>
    (kind !== 'certificate' || (side === 'allow' && !isTurned)) &&
    (kind !== 'no-certificate' || (side === 'deny' && !isTurned))
  const fit = tests.filter(isFit)
  return { side, operator, tests: fit.length > 0 ? fit : [{ kind: 'signed-in' }] }
}

const often = { or: ['or', 'or', 'or', 'or'], and: ['and', 'and', 'and'] } as const

function drawTest(random: Random, words: Vocabulary, nowMs: number): Test {
  const soonMs = nowMs + (random.below(49) - 12) * tickMs
  return random.pick<() => Test>([
    () => ({ kind: 'signed-in' }),
    () => ({ kind: 'user', id: random.pick(words.userIds) }),
    () => ({ kind: 'email', address: random.pick(words.emails) }),
    () => ({ kind: 'domain', name: random.pick(words.domains) }),
    ...Array<() => Test>(4).fill(() => ({ kind: 'group', name: random.pick(words.groups) })),
    () => ({ kind: 'team', name: random.pick(words.teams) }),
    () => ({ kind: 'address', ip: random.pick(words.ips) }),
    () => ({ kind: 'from', atMs: soonMs }),
    () => ({ kind: 'until', atMs: soonMs }),
    () => {
      const afterMs = soonMs % dayMs
      return {
        kind: 'daily',
        afterMs,
        beforeMs: (afterMs + (1 + random.below(30)) * tickMs) % dayMs,
      }
    },
    ...Array<() => Test>(2).fill(() => ({ kind: 'certificate', fingerprint: words.fingerprint })),
    ...Array<() => Test>(2).fill(() => ({ kind: 'no-certificate' })),
    () => ({ kind: 'everybody' }),
  ])()
}
