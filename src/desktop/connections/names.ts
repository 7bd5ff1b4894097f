/** Whether two names are one to a person: case and blanks around do not tell them apart. */
export function isSameName(one: string, other: string): boolean {
  return nameKey(one) === nameKey(other)
}

/** The same for all names that are one. */
export function nameKey(name: string): string {
  return name.normalize('NFC').trim().toLowerCase()
}

/** The name with the first number behind it that nobody has: `db`, `db 2`, `db 3`. */
export function otherName(name: string, taken: Iterable<string>): string {
  const keys = new Set([...taken].map(nameKey))
  const base = name.replace(/ \d+$/, '')
  for (let number = 2; ; number += 1) {
    const other = `${base} ${number}`
    if (!keys.has(nameKey(other))) return other
  }
}
