import { HTTPException } from 'hono/http-exception'
import { AppError } from '../../errors.ts'
import type { LiveCaller } from '../../identity/session.ts'
import type { RequestHeaders } from '../../request-headers.ts'
import { invalidSyntax, ScimFault } from '../../scim/fault.ts'
import { parseFilter } from '../../scim/filter.ts'
import { checkFilter, groupFits, userFits } from '../../scim/match.ts'
import type { ScimGroup } from '../../scim/group.ts'
import type { Provisioned, Resource } from '../../scim/provisioned.ts'
import { notFound, type ScimRegister, type ScimWrites, type Written } from '../../scim/register.ts'
import { maxResults, resourceTypes, schemas, serviceProviderConfig } from '../../scim/schemas.ts'
import type { ScimSettings } from '../../scim/settings.ts'
import type { ScimUser } from '../../scim/user.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { limitBody, readJson } from '../answers/body.ts'
import { createPageApp, type PageApp, type PageContext } from '../answers/page-app.ts'
import { toRefusal } from '../answers/refusal.ts'
import { groupToJson, listToJson, picked, sendFault, sendScim, userToJson } from './answer.ts'
import type { ScimLog } from './scim-log.ts'

export interface ScimApiParts {
  /** Undefined: nobody may. */
  settings(): ScimSettings | undefined
  identify(headers: RequestHeaders): Promise<LiveCaller | undefined>
  readonly provisioned: Provisioned
  readonly register: ScimRegister
  readonly scimLog: ScimLog
  /** Ends the sessions of whoever may do nothing here any more. */
  endKeptOut(): Promise<void>
  /** Where the gateway is known; undefined: by the name of the request. */
  readonly origin: URL | undefined
}

/** @limit body of a SCIM request, in bytes: 413 */
const maxBodyBytes = 1_048_576
/** Where nothing else is asked for. */
const usualResults = 100
/** @limit members of all groups in one answer to a SCIM question: the answer ends with the group that reaches them, and the next page begins behind it */
const maxListedMembers = 100_000

const base = gatewayPaths.scim

/**
 * SCIM 2.0 (RFC 7644): the company's directory writes users and groups here, by the service account that the
 * configuration names. For everybody else there is nothing here.
 */
export function createScimApi(parts: ScimApiParts): PageApp {
  const app = createPageApp()
  app.use(`${base}/*`, async (c, next) => {
    const settings = parts.settings()
    // As without SCIM: whoever comes next says that there is no such page.
    if (settings === undefined) return next()
    return answered(async () => {
      if (!(await mayProvision(c, parts, settings)))
        throw new ScimFault(401, undefined, 'the credential is missing, or is not good here')
      const asked = find(c)
      if (asked === undefined) throw new ScimFault(404, undefined, 'there is no such resource here')
      return limitedBody(c, () => asked.answer(c, parts))
    })
  })
  return app
}

const limitBytes = limitBody(maxBodyBytes)

async function limitedBody(c: PageContext, answer: () => Promise<Response>): Promise<Response> {
  const passed = await limitBytes(c, async () => {
    c.res = await answer()
  })
  return passed instanceof Response ? passed : c.res
}

/** Every fault in the words of SCIM; what is none of ours is for whoever called. */
async function answered(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    if (error instanceof ScimFault) return sendFault(error.status, error.message, error.scimType)
    if (error instanceof HTTPException) return sendFault(error.status, 'the body is too large')
    if (!(error instanceof AppError)) throw error
    const { status, message } = toRefusal(error)
    return sendFault(status, message)
  }
}

/** Clients of SCIM send a plain bearer token (RFC 6750), where ours has a word before it. */
async function mayProvision(
  c: PageContext,
  { identify }: ScimApiParts,
  { serviceAccount }: ScimSettings,
): Promise<boolean> {
  const headers = c.req.header()
  const [, token] = /^bearer +(?:pomerium-)?(\S+)$/i.exec(headers['authorization'] ?? '') ?? []
  const own = token === undefined ? headers : { 'x-pomerium-authorization': token }
  const session = (await identify(own))?.session
  return session?.kind === 'service-account' && session.userId === serviceAccount
}

interface Asked {
  answer(c: PageContext, parts: ScimApiParts): Promise<Response>
}

/** What a method and a path ask for. */
function find(c: PageContext): Asked | undefined {
  const { method } = c.req
  const [kind = '', id, ...more] = c.req.path.slice(base.length + 1).split('/')
  if (more.length > 0) return undefined
  if (kind === 'Users' || kind === 'Groups') return findResource(method, kind, id)
  if (method !== 'GET') return undefined
  const fixed = findFixed(kind, id)
  return fixed && { answer: () => Promise.resolve(sendScim(200, fixed)) }
}

function findFixed(kind: string, id: string | undefined): object | undefined {
  if (kind === 'ServiceProviderConfig' && id === undefined) return serviceProviderConfig
  const all: readonly { readonly id: string }[] | undefined =
    kind === 'ResourceTypes' ? resourceTypes : kind === 'Schemas' ? schemas : undefined
  if (all === undefined || id === undefined) return all && listToJson([...all], all.length, 1)
  return all.find((it) => it.id === id)
}

function findResource(
  method: string,
  kind: 'Users' | 'Groups',
  id: string | undefined,
): Asked | undefined {
  const act = (run: Action): Asked => ({
    answer: (c, parts) =>
      kind === 'Users' ? run(c, usersOf(c, parts), id ?? '') : run(c, groupsOf(c, parts), id ?? ''),
  })
  if (id === undefined) {
    if (method === 'GET') return act(list)
    return method === 'POST' ? act(create) : undefined
  }
  if (method === 'GET') return act(get)
  if (method === 'PUT') return act(replace)
  if (method === 'PATCH') return act(patch)
  return method === 'DELETE' ? act(remove) : undefined
}

/** One kind of resource, as a request sees it. */
interface Kind<Content> {
  readonly writes: ScimWrites<Content>
  find(id: string): Resource<Content> | undefined
  /** Those that fit a filter, in the order of their making. */
  search(filter: string | undefined): readonly Resource<Content>[]
  toJson(resource: Resource<Content>): Readonly<Record<string, unknown>>
  /** How many more its answer names. */
  membersIn(resource: Resource<Content>): number
  /** Says what was written, and has it hold. */
  done(written: Written<Content>): Promise<void>
}

type Action = <Content>(c: PageContext, kind: Kind<Content>, id: string) => Promise<Response>

/** Names of users by which there is no need to look at all of them. */
const indexed: ReadonlySet<string> = new Set(['username', 'externalid', 'emails', 'emails.value'])

function usersOf(c: PageContext, parts: ScimApiParts): Kind<ScimUser> {
  const { provisioned, register, scimLog, endKeptOut } = parts
  return {
    writes: register.users,
    find: provisioned.user,
    search(filter) {
      if (filter === undefined) return provisioned.users()
      const conditions = parseFilter(filter)
      checkFilter('user', conditions)
      const named = conditions.find(({ attribute }) => indexed.has(attribute))
      const all =
        typeof named?.value === 'string' ? provisioned.likely(named.value) : provisioned.users()
      return all.filter(({ record, content }) => userFits(record.id, content, conditions))
    },
    toJson: (user) => userToJson(user, addressOf(c, parts)),
    membersIn: () => 0,
    async done(written) {
      scimLog.user(c, written)
      const isIn = written.after?.content.active === true
      if (!isIn) await endKeptOut()
    },
  }
}

function groupsOf(c: PageContext, parts: ScimApiParts): Kind<ScimGroup> {
  const { provisioned, register, scimLog } = parts
  return {
    writes: register.groups,
    find: provisioned.group,
    search(filter) {
      if (filter === undefined) return provisioned.groups()
      const conditions = parseFilter(filter)
      checkFilter('group', conditions)
      return provisioned
        .groups()
        .filter(({ record, content }) => groupFits(record.id, content, conditions))
    },
    toJson: (group) => groupToJson(group, addressOf(c, parts), provisioned),
    membersIn: ({ content }) => content.members.length,
    done(written) {
      scimLog.group(c, written)
      return Promise.resolve()
    },
  }
}

function addressOf(c: PageContext, { origin }: ScimApiParts): string {
  return (origin?.origin ?? `https://${new URL(c.req.url).host}`) + base
}

const list: Action = async (c, kind) => {
  const startIndex = Math.max(1, numberIn(c.req.query('startIndex')) ?? 1)
  const count = Math.min(maxResults, Math.max(0, numberIn(c.req.query('count')) ?? usualResults))
  const found = kind.search(c.req.query('filter'))
  const resources: Readonly<Record<string, unknown>>[] = []
  let members = 0
  for (const it of found.slice(startIndex - 1, startIndex - 1 + count)) {
    if (members >= maxListedMembers) break
    members += kind.membersIn(it)
    resources.push(picked(c, kind.toJson(it)))
  }
  return sendScim(200, listToJson(resources, found.length, startIndex))
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,9}$/.test(text) ? Number(text) : undefined
}

const get: Action = async (c, kind, id) => {
  const found = kind.find(id)
  if (found === undefined) throw notFound(id)
  return sendResource(c, 200, kind.toJson(found))
}

const create: Action = async (c, kind) => {
  const written = await kind.writes.create(await bodyOf(c))
  return finish(c, 201, kind, written)
}

const replace: Action = async (c, kind, id) => {
  const written = await kind.writes.replace(id, await bodyOf(c), versionIn(c))
  return finish(c, 200, kind, written)
}

const patch: Action = async (c, kind, id) => {
  const written = await kind.writes.patch(id, await bodyOf(c), versionIn(c))
  return finish(c, 200, kind, written)
}

const remove: Action = async (c, kind, id) => {
  await kind.done(await kind.writes.remove(id, versionIn(c)))
  return sendScim(204, undefined)
}

async function finish<Content>(
  c: PageContext,
  status: number,
  kind: Kind<Content>,
  written: Written<Content>,
): Promise<Response> {
  await kind.done(written)
  // Another gateway has deleted it meanwhile.
  if (written.after === undefined) throw notFound(written.id)
  return sendResource(c, status, kind.toJson(written.after))
}

function sendResource(
  c: PageContext,
  status: number,
  resource: Readonly<Record<string, unknown>>,
): Response {
  const { location = '', version = '' } = resource['meta'] as Readonly<Record<string, string>>
  const isKnown = status === 200 && c.req.header('if-none-match') === version
  if (isKnown && c.req.method === 'GET') return sendScim(304, undefined, { etag: version })
  const headers = { etag: version, ...(status === 201 && { location }) }
  return sendScim(status, picked(c, resource), headers)
}

function versionIn(c: PageContext): string | undefined {
  return c.req.header('if-match')
}

async function bodyOf(c: PageContext): Promise<unknown> {
  const body = await readJson(c)
  if (body === undefined) throw invalidSyntax('the body is no JSON')
  return body
}
