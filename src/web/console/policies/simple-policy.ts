/**
 * The addresses of a policy that lets in some people and says no more, as a field can show them; undefined for any
 * other. No policy at all has none.
 */
export function emailsOfPolicy(policy: unknown): readonly string[] | undefined {
  if (policy === undefined || policy === null) return []
  const rules: readonly unknown[] = Array.isArray(policy) ? policy : [policy]
  const [rule, ...more] = rules
  if (rules.length === 0) return []
  const allow = more.length === 0 ? only(rule, 'allow') : undefined
  const criteria = only(allow, 'or')
  if (!Array.isArray(criteria)) return undefined
  const emails = criteria.map((criterion: unknown) => {
    const matcher = only(criterion, 'email')
    return typeof matcher === 'string' ? matcher : only(matcher, 'is')
  })
  return emails.every((email): email is string => typeof email === 'string') ? emails : undefined
}

/** The policy that lets these people in; undefined for nobody. */
export function policyOfEmails(emails: readonly string[]): unknown {
  if (emails.length === 0) return undefined
  return [{ allow: { or: emails.map((email) => ({ email: { is: email } })) } }]
}

/** The value of an object that has this one key. */
function only(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const [entry, ...more] = Object.entries(value)
  return entry?.[0] === key && more.length === 0 ? (entry[1] as unknown) : undefined
}
