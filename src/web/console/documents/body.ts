/** The keys of a route or a policy, as the file would hold them. */
export type Body = Readonly<Record<string, unknown>>

/** With one key changed in its place; without it where the value is undefined. */
export function withKey(body: Body, key: string, value: unknown): Body {
  if (value === undefined) {
    const { [key]: _dropped, ...rest } = body
    return rest
  }
  return { ...body, [key]: value }
}

/** What a text field stands for: nothing where it is empty. */
export function textOrNothing(text: string): string | undefined {
  return text === '' ? undefined : text
}

/** A value as a text field shows it. */
export function shownText(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Whether two values of plain data say the same; the order of an object's keys says nothing. */
export function isSame(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other)
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ) ?? 'undefined'
  )
}
