import { isDeepStrictEqual } from 'node:util'
import type { LogFields } from '../../log.ts'
import type { ScimGroup } from '../../scim/group.ts'
import type { Provisioned } from '../../scim/provisioned.ts'
import type { Written } from '../../scim/register.ts'
import type { ScimSettings } from '../../scim/settings.ts'
import type { ScimUser } from '../../scim/user.ts'
import type { AuditLog } from '../../telemetry/audit-log.ts'
import type { PageContext } from '../answers/page-app.ts'
import { askerOf } from '../sign-in/sign-in-log.ts'

/** One audit entry for each change; none for a write that has changed nothing. */
export interface ScimLog {
  user(c: PageContext, written: Written<ScimUser>): void
  group(c: PageContext, written: Written<ScimGroup>): void
}

export interface ScimLogParts {
  readonly audit: AuditLog
  readonly provisioned: Pick<Provisioned, 'user'>
  settings(): ScimSettings | undefined
}

/** @limit members that the audit entry of a change of a group names: it counts the rest */
const maxNamed = 50

export function createScimLog({ audit, provisioned, settings }: ScimLogParts): ScimLog {
  function record(c: PageContext, event: string, details: LogFields): void {
    const by = { 'by-service-account-id': settings()?.serviceAccount }
    audit.record({ kind: 'admin', event, ...askerOf(c), details: { ...details, ...by } })
  }
  const named = (ids: readonly string[]): readonly string[] =>
    ids.slice(0, maxNamed).map((id) => provisioned.user(id)?.content.userName ?? id)

  return {
    user(c, { id, before, after }) {
      const content = after?.content ?? before
      const about = {
        'scim-id': id,
        'user-name': content?.userName,
        'external-id': content?.externalId,
      }
      const event = userEvent(before, after?.content)
      const changes = changesOf(before, after?.content)
      if (before === undefined) record(c, event, { ...about, active: content?.active })
      else if (after === undefined) record(c, event, about)
      else if (changes.length > 0) record(c, event, { ...about, changes })
    },
    group(c, { id, before, after }) {
      const content = after?.content ?? before
      const about = { 'scim-id': id, group: content?.displayName }
      const [old, fresh] = [before?.members ?? [], after?.content.members ?? []]
      const [added, removed] = [without(fresh, old), without(old, fresh)]
      const members = {
        ...(added.length > 0 && { added: named(added), 'added-count': added.length }),
        ...(removed.length > 0 && { removed: named(removed), 'removed-count': removed.length }),
      }
      const changes = changesOf(before, after?.content)
      if (before === undefined) record(c, 'scim group created', { ...about, ...members })
      else if (after === undefined) record(c, 'scim group deleted', { ...about, ...members })
      else if (changes.length > 0)
        record(c, 'scim group changed', { ...about, changes, ...members })
    },
  }
}

function userEvent(before: ScimUser | undefined, after: ScimUser | undefined): string {
  if (before === undefined) return 'scim user created'
  if (after === undefined) return 'scim user deleted'
  if (before.active === after.active) return 'scim user changed'
  return after.active ? 'scim user activated' : 'scim user deactivated'
}

function changesOf(before: object | undefined, after: object | undefined): readonly string[] {
  const [one, other]: readonly Readonly<Record<string, unknown>>[] = [{ ...before }, { ...after }]
  const names = new Set([...Object.keys(one ?? {}), ...Object.keys(other ?? {})])
  return [...names].filter((name) => !isDeepStrictEqual(one?.[name], other?.[name]))
}

function without(list: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others)
  return list.filter((it) => !known.has(it))
}
