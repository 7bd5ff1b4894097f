import { z } from 'zod'
import { namespaceName } from '../../namespace-name.ts'
import { key, type Key } from '../../setting-key.ts'

/** The keys about who runs the gateway. */
export const administratorKeys = {
  administrators: key({
    // Read where policies are.
    schema: z.unknown(),
    type: 'list of text, or `{admin, auditor}` of lists or policies',
    without: 'nobody: only whoever may open the control socket',
    variable: 'list',
    doc: 'Who may use the console and the API, by email address or user id, or by a policy, see below. Everybody else gets the portal.',
  }),
  namespaces: key({
    schema: z.array(z.unknown()),
    type: 'list of `{name, administrators}`',
    default: [],
    variable: 'none',
    doc: 'Groups of routes with administrators of their own, see below; a route says by `namespace` which one it is in.',
  }),
} as const satisfies Record<string, Key<unknown>>

/** One entry of `namespaces`. Who administers it is read where policies are. */
export const namespaceEntry = z.strictObject({
  name: namespaceName,
  administrators: z.optional(z.unknown()),
})

/** What `administrators` says of roles; a list there is for the first of them. */
export const administratorsEntry = z.strictObject({
  admin: z.optional(z.unknown()),
  auditor: z.optional(z.unknown()),
})
