import { z } from 'zod'
import { keepingKeys } from '../../keeping-keys.ts'
import { namespaceName } from '../../namespace-name.ts'
import { show, textOf, type Fault } from '../../schema.ts'
import { key, textKey, type Key, type ValuesOf } from '../../setting-key.ts'
import * as values from '../../setting-values.ts'

/**
 * Longest name of a policy, in characters.
 *
 * @limit the name of a policy: the configuration does not load
 */
const maxNameChars = 64

/** Fit for a URL, a file name and a log line, as the id of a route is. */
export const policyName = textOf(
  'a name such as database-admins',
  (value): string | Fault | undefined => {
    if (value.length > maxNameChars)
      return { fault: `must be at most ${maxNameChars} characters, not ${value.length}` }
    if (/^[A-Za-z\d][\w.-]*$/.test(value)) return value
    const hint = 'letters, digits, ".", "_" and "-", the first a letter or digit'
    return { fault: `must be a name such as database-admins, not ${show(value)}`, hint }
  },
)

/**
 * Longest `explanation` and `remediation`, in characters: they are shown on one line of a terminal.
 *
 * @limit the explanation of a policy: the configuration does not load
 */
const maxAdviceChars = 400

const advice = values.lineOf(maxAdviceChars)

/** Every key of a named policy. */
export const namedPolicyKeys = {
  name: textKey(policyName, 'text of at most 64 characters', {
    variable: 'none',
    without: 'required',
    doc: 'What routes name it by in `policy_names`: letters, digits, `.`, `_` and `-`, the first a letter or digit.',
  }),
  policy: key({
    schema: z.unknown(),
    type: 'policy',
    without: 'this or `policies` is required',
    variable: 'none',
    doc: 'Who it lets in or keeps out, in the Pomerium Policy Language.',
  }),
  policies: key({
    schema: z.unknown(),
    type: 'list of policies',
    without: 'this or `policy` is required',
    variable: 'none',
    doc: 'The same in the words of Cloudflare Access, instead of `policy`.',
  }),
  explanation: textKey(advice, 'text of at most 400 characters', {
    variable: 'none',
    default: '',
    doc: 'Told to whoever is signed in and refused by it: why it is there.',
  }),
  remediation: textKey(advice, 'text of at most 400 characters', {
    variable: 'none',
    default: '',
    doc: 'Told beside it: what to do to be let in.',
  }),
  namespace: textKey(namespaceName, 'text of at most 64 characters', {
    variable: 'none',
    without: 'none',
    doc: 'Which of `namespaces` it is in: its administrators may see and change it, and routes of others that are kept in the console may not name it.',
  }),
  ...keepingKeys,
} as const satisfies Record<string, Key<unknown>>

export type NamedPolicyValues = ValuesOf<typeof namedPolicyKeys>
export type NamedPolicyKey = keyof typeof namedPolicyKeys

export const namedPolicyKeyNames = Object.keys(namedPolicyKeys) as readonly NamedPolicyKey[]
