import { foldCase } from '../policy/matchers/string.ts'
import { ScimFault } from './fault.ts'
import type { Condition } from './filter.ts'
import type { ScimGroup } from './group.ts'
import type { ScimUser } from './user.ts'

const userAttributes: ReadonlySet<string> = new Set([
  'id',
  'username',
  'externalid',
  'displayname',
  'active',
  'emails',
  'emails.value',
])
const groupAttributes: ReadonlySet<string> = new Set([
  'id',
  'displayname',
  'externalid',
  'members',
  'members.value',
])

/** Throws `ScimFault` where a filter compares what cannot be asked for. */
export function checkFilter(kind: 'user' | 'group', conditions: readonly Condition[]): void {
  const known = kind === 'user' ? userAttributes : groupAttributes
  const unknown = conditions.find(({ attribute }) => !known.has(attribute))
  if (unknown === undefined) return
  const message = `"${unknown.attribute}" of a ${kind} cannot be asked for`
  throw new ScimFault(400, 'invalidFilter', message)
}

/** Whether a user is as every comparison of a checked filter has it. */
export function userFits(id: string, user: ScimUser, conditions: readonly Condition[]): boolean {
  return conditions.every((condition) => {
    const { attribute, value } = condition
    switch (attribute) {
      case 'id':
        return id === value
      case 'username':
        return isSame(user.userName, value)
      case 'externalid':
        return user.externalId === value
      case 'displayname':
        return isSame(user.displayName, value)
      case 'active':
        return user.active === value
      case 'emails':
      case 'emails.value':
        return user.emails.some(
          (email) => isSame(email.value, value) && isEntry({ ...email }, condition.within),
        )
      default:
        return false
    }
  })
}

export function groupFits(id: string, group: ScimGroup, conditions: readonly Condition[]): boolean {
  return conditions.every(({ attribute, value }) => {
    switch (attribute) {
      case 'id':
        return id === value
      case 'displayname':
        return isSame(group.displayName, value)
      case 'externalid':
        return group.externalId === value
      case 'members':
      case 'members.value':
        return typeof value === 'string' && group.members.includes(value)
      default:
        return false
    }
  })
}

/** Whether an entry of a list is as every comparison has it. */
export function isEntry(
  entry: Readonly<Record<string, unknown>>,
  conditions: readonly Condition[],
): boolean {
  return conditions.every(({ attribute, value }) => {
    const found = Object.entries(entry).find(([name]) => name.toLowerCase() === attribute)?.[1]
    return typeof found === 'string' ? isSame(found, value) : (found ?? false) === value
  })
}

function isSame(text: string | undefined, value: string | boolean): boolean {
  return text !== undefined && typeof value === 'string' && foldCase(text) === foldCase(value)
}
