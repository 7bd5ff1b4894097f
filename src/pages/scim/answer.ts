import { presentGroup, versionOf } from '../../scim/register.ts'
import type { GroupResource, Provisioned, Resource, UserResource } from '../../scim/provisioned.ts'
import { errorSchema, groupSchema, listSchema, userSchema } from '../../scim/schemas.ts'
import type { ScimType } from '../../scim/fault.ts'
import type { PageContext } from '../answers/page-app.ts'

type Plain = Readonly<Record<string, unknown>>

/** Sends JSON as RFC 7644 §3.1 has it. */
export function sendScim(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const own = { 'content-type': 'application/scim+json', 'cache-control': 'no-store', ...headers }
  return new Response(body === undefined ? null : JSON.stringify(body), { status, headers: own })
}

export function sendFault(status: number, detail: string, scimType?: ScimType): Response {
  const headers: Record<string, string> =
    status === 401 ? { 'www-authenticate': 'Bearer realm="scim"' } : {}
  const body = { schemas: [errorSchema], status: String(status), detail, scimType }
  return sendScim(status, body, headers)
}

/** A user as it is answered; `base` is the address of the API. */
export function userToJson({ record, content }: UserResource, base: string): Plain {
  return { schemas: [userSchema], id: record.id, ...content, meta: metaOf(record, 'User', base) }
}

export function groupToJson(
  { record, content }: GroupResource,
  base: string,
  provisioned: Pick<Provisioned, 'user'>,
): Plain {
  const group = presentGroup(content, provisioned)
  const members = group.members.map((value) => ({
    value,
    type: 'User',
    $ref: `${base}/Users/${value}`,
  }))
  const meta = metaOf(record, 'Group', base)
  return { schemas: [groupSchema], id: record.id, ...group, members, meta }
}

function metaOf(record: Resource<unknown>['record'], resourceType: 'User' | 'Group', base: string) {
  return {
    resourceType,
    created: new Date(record.createdAtMs).toISOString(),
    lastModified: new Date(record.updatedAtMs).toISOString(),
    location: `${base}/${resourceType}s/${record.id}`,
    version: versionOf(record),
  }
}

/** Whether nothing of it is asked for but some attributes (RFC 7644 §3.9); names of schemas and sub-attributes are not looked at. */
export function picked(c: PageContext, resource: Plain): Plain {
  const [only, without] = [
    namesIn(c.req.query('attributes')),
    namesIn(c.req.query('excludedAttributes')),
  ]
  if (only === undefined && without === undefined) return resource
  const kept = Object.entries(resource).filter(([name]) => {
    if (name === 'id' || name === 'schemas') return true
    const key = name.toLowerCase()
    return only === undefined ? without?.has(key) !== true : only.has(key)
  })
  return Object.fromEntries(kept)
}

function namesIn(text: string | undefined): ReadonlySet<string> | undefined {
  if (text === undefined || text === '') return undefined
  return new Set(text.split(',').map((name) => name.trim().toLowerCase().split('.')[0] ?? ''))
}

export function listToJson(resources: readonly Plain[], totalResults: number, startIndex: number) {
  return {
    schemas: [listSchema],
    totalResults,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  }
}
