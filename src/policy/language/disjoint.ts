import { foldCase } from '../matchers/string.ts'
import { isObject, type Place } from '../place.ts'

/** What of somebody there is one of, and how it is compared. */
const singles: Readonly<Record<string, { readonly noun: string; readonly foldsCase: boolean }>> = {
  user: { noun: 'id', foldsCase: false },
  provider: { noun: 'provider', foldsCase: false },
  email: { noun: 'email address', foldsCase: true },
  domain: { noun: 'domain', foldsCase: true },
}

/** Warns of criteria under `and` that each name others, where somebody has one: they never hold together. */
export function warnOfDisjoint(list: unknown, place: Place): void {
  if (!Array.isArray(list)) return
  const left = new Map<string, ReadonlySet<string>>()
  for (const [index, item] of (list as readonly unknown[]).entries()) {
    const [entry, ...more] = isObject(item) ? Object.entries(item) : []
    if (entry === undefined || more.length > 0) continue
    const [name, data] = entry
    const single = Object.hasOwn(singles, name) ? singles[name] : undefined
    const texts = single && textsIn(data, single.foldsCase)
    if (single === undefined || texts === undefined) continue
    const before = left.get(name)
    const common =
      before === undefined ? texts : new Set([...texts].filter((text) => before.has(text)))
    if (before !== undefined && before.size > 0 && common.size === 0) {
      const message = `can never hold beside the "${name}" before it: nobody has more than one ${single.noun}`
      const hint = `for either of them, put both under "or", or write {${name}: {in: […]}}`
      place.at(index, name).warn(message, hint)
    }
    left.set(name, common)
  }
}

/** The whole texts of which a string matcher wants one; undefined where it names none. */
function textsIn(data: unknown, foldsCase: boolean): ReadonlySet<string> | undefined {
  const { is, in: several } = isObject(data) ? data : { is: data, in: undefined }
  const named: readonly unknown[] = is === undefined && Array.isArray(several) ? several : [is]
  const texts = named.filter((text) => typeof text === 'string')
  return texts.length === 0 ? undefined : new Set(foldsCase ? texts.map(foldCase) : texts)
}
