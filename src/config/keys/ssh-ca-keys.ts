import { z } from 'zod'
import { parseHost } from '../../address.ts'
import { parseDuration } from '../../clock.ts'
import { textOf } from '../../schema.ts'
import { key, type Key } from '../../setting-key.ts'
import * as values from '../../setting-values.ts'
import { isAccountName } from '../../ssh-ca/principals.ts'
import { sshExtensions, type PrincipalsFrom, type SshCaSettings } from '../../ssh-ca/settings.ts'

/** How long a certificate holds where nothing else is said, in milliseconds. */
const defaultLifetimeMs = 5 * 60_000
/** A shorter one is over before a slow sign-in at the machine is. */
const leastLifetimeMs = 60_000
/**
 * Nobody can take a certificate back but by a list on every machine.
 *
 * @limit `lifetime` of `ssh_ca`: the configuration does not load
 */
const maxLifetimeMs = 24 * 60 * 60_000

const domain = textOf('a domain such as site.com', parseHost)

const account = textOf('the name of an account such as deploy', (name) =>
  isAccountName(name) ? name : undefined,
)

const lifetime = textOf('a duration from 1m to 24h, such as 5m', (text) => {
  const durationMs = parseDuration(text)
  if (durationMs === undefined) return undefined
  return durationMs < leastLifetimeMs || durationMs > maxLifetimeMs ? undefined : durationMs
})

const written = z.strictObject({
  email_domains: z.optional(z.array(domain).min(1)),
  principals_claim: z.optional(values.text),
  principals: z.optional(z.array(account).min(1)),
  lifetime: z.optional(lifetime),
  extensions: z.optional(z.array(z.enum(sshExtensions))),
})

type Written = z.output<typeof written>

const sources = ['email_domains', 'principals_claim', 'principals'] as const

const sshCa: z.ZodType<SshCaSettings> = written.transform((given, context) => {
  const named = sources.filter((name) => given[name] !== undefined)
  const from = principalsFrom(given)
  if (named.length === 1 && from !== undefined) {
    const { lifetime: lifetimeMs = defaultLifetimeMs, extensions = ['permit-pty'] } = given
    return { principals: from, lifetimeMs, extensions }
  }
  context.addIssue({
    code: 'custom',
    message: `must have exactly one of ${sources.map((name) => `"${name}"`).join(', ')}`,
    params: {
      hint: '"email_domains: [site.com]" gives ada@site.com the account "ada", and nobody of another domain',
    },
  })
  return z.NEVER
})

function principalsFrom(given: Written): PrincipalsFrom | undefined {
  const {
    email_domains: domains,
    principals_claim: claim,
    principals: [first, ...rest] = [],
  } = given
  if (domains !== undefined) return { kind: 'email', domains }
  if (claim !== undefined) return { kind: 'claim', claim }
  return first === undefined ? undefined : { kind: 'fixed', names: [first, ...rest] }
}

/** The key about SSH certificates. */
export const sshCaKeys = {
  ssh_ca: key({
    schema: sshCa,
    type: '`{email_domains, principals_claim, principals, lifetime, extensions}`',
    without: 'no SSH certificates',
    variable: 'none',
    doc: 'Short-lived SSH certificates for whoever may use a route, see below.',
  }),
} as const satisfies Record<string, Key<unknown>>
