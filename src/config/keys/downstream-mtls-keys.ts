import { z } from 'zod'
import * as values from '../../setting-values.ts'
import { messageOf } from '../../errors.ts'
import { textOf } from '../../schema.ts'
import { compileNamePattern } from '../../port/client-certificates/name-pattern.ts'

/** The kinds of name a certificate may have, as Pomerium calls them. */
export const nameKinds = ['dns', 'email', 'ip_address', 'uri', 'user_principal_name'] as const

/** How strictly client certificates are asked for; the first is the default. */
export const enforcements = ['policy_with_default_deny', 'policy', 'reject_connection'] as const

const namePattern = textOf('a regular expression', (pattern) => {
  try {
    return { pattern, matches: compileNamePattern(pattern) }
  } catch (error) {
    return { fault: `cannot be used as a pattern: ${messageOf(error)}` }
  }
})

const namePatterns = z
  .strictObject({
    dns: z.optional(namePattern),
    email: z.optional(namePattern),
    ip_address: z.optional(namePattern),
    uri: z.optional(namePattern),
    user_principal_name: z.optional(namePattern),
  })
  .refine((entry) => Object.keys(entry).length === 1, {
    error: `must be an object with exactly one of ${nameKinds.join(', ')}`,
  })

/**
 * Longest path there is (`client-certificates/paths.ts`), without its first certificate.
 *
 * @limit `max_verify_depth`: the configuration does not load
 */
const maxDepth = 9

/** What `downstream_mtls` holds; names and meanings are Pomerium's (reference 3.7). */
export const downstreamMtls = z.strictObject({
  ca: z.optional(values.base64Pem),
  ca_file: z.optional(values.path),
  crl: z.optional(values.base64Pem),
  crl_file: z.optional(values.path),
  enforcement: z.optional(z.enum(enforcements)),
  match_subject_alt_names: z.optional(z.array(namePatterns).min(1)),
  max_verify_depth: z.optional(z.int().min(0).max(maxDepth)),
})
