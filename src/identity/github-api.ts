import { fetchProtectedResource, type Configuration } from 'openid-client'
import { z } from 'zod'
import { AccessError } from '../errors.ts'
import type { Claims } from './person.ts'

/** What GitHub knows of one person, asked for with their token. */
export interface GithubApi {
  /** Their number: names may change, and go to somebody else then. */
  userId(accessToken: string): Promise<string>
  /** In the words of OpenID Connect, as far as the scopes go. */
  claims(accessToken: string): Promise<{
    readonly claims: Claims & { readonly sub: string }
    /** Ids of organizations that are left out, since this token has not passed their single sign-on. */
    readonly hidden: readonly string[]
  }>
}

const user = z.object({
  id: z.int().positive(),
  node_id: z.string().nullish(),
  login: z.string().min(1),
  name: z.string().nullish(),
})
const emails = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }))
const teams = z.array(
  z.object({ slug: z.string().min(1), organization: z.object({ login: z.string().min(1) }) }),
)
const organizations = z.array(z.object({ login: z.string().min(1) }))

const perPage = 100
/**
 * Whoever is in more cannot be told what they are in: a `deny` of one of the others would not hold.
 *
 * @limit teams or organizations of somebody at GitHub: the sign-in fails with one sentence
 */
const maxListed = 1000

/** @limit none: organizations that are left out, of which it is told */
const maxHidden = 20

/** The API of a GitHub: `api.github.com`, `api.SUBDOMAIN.ghe.com`, else that of an Enterprise Server. */
export function githubApiUrl(url: URL): URL {
  const hasHost = url.hostname === 'github.com' || url.hostname.endsWith('.ghe.com')
  return new URL(hasHost ? `https://api.${url.host}/` : `${url.href.replace(/\/$/, '')}/api/v3/`)
}

export function createGithubApi(
  configuration: Configuration,
  { api, scopes }: { readonly api: URL; readonly scopes: readonly string[] },
): GithubApi {
  async function ask<T>(
    accessToken: string,
    path: string,
    schema: z.ZodType<T>,
    hidden?: Set<string>,
  ): Promise<T> {
    const headers = new Headers({
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
    })
    const url = new URL(path, api)
    const response = await fetchProtectedResource(
      configuration,
      accessToken,
      url,
      'GET',
      undefined,
      headers,
    )
    if (response.status !== 200) throw refusal(response, url)
    for (const id of hiddenIn(response)) hidden?.add(id)
    const parsed = schema.safeParse(await response.json().catch(() => undefined))
    if (parsed.success) return parsed.data
    throw invalid(`what it answers to ${url.pathname} is not what was asked for`)
  }

  async function askAll<T>(
    accessToken: string,
    path: string,
    schema: z.ZodType<readonly T[]>,
    hidden?: Set<string>,
  ): Promise<readonly T[]> {
    const all: T[] = []
    for (let page = 1; ; page += 1) {
      const query = `per_page=${perPage}&page=${page}`
      const some = await ask(accessToken, `${path}?${query}`, schema, hidden)
      all.push(...some)
      if (all.length > maxListed)
        throw invalid(`somebody has more than ${maxListed} entries in ${path}`)
      if (some.length < perPage) return all
    }
  }

  const mayRead = (what: readonly string[]): boolean => scopes.some((scope) => what.includes(scope))

  async function emailOf(accessToken: string): Promise<Claims> {
    if (!mayRead(['user:email', 'user'])) return {}
    const primary = (await askAll(accessToken, 'user/emails', emails)).find((it) => it.primary)
    return primary === undefined ? {} : { email: primary.email, email_verified: primary.verified }
  }

  /** `ORGANIZATION` and `ORGANIZATION/TEAM`; neither has a slash of its own. */
  async function groupsOf(accessToken: string, hidden: Set<string>): Promise<Claims> {
    if (!mayRead(['read:org', 'write:org', 'admin:org'])) return {}
    const [inOrganizations, inTeams] = await Promise.all([
      askAll(accessToken, 'user/orgs', organizations, hidden),
      askAll(accessToken, 'user/teams', teams, hidden),
    ])
    const names = inTeams.map(({ slug, organization }) => `${organization.login}/${slug}`)
    return { groups: [...inOrganizations.map(({ login }) => login), ...names] }
  }

  return {
    userId: async (accessToken) => String((await ask(accessToken, 'user', user)).id),
    async claims(accessToken) {
      const hidden = new Set<string>()
      const [known, email, groups] = await Promise.all([
        ask(accessToken, 'user', user),
        emailOf(accessToken),
        groupsOf(accessToken, hidden),
      ])
      const { id, login, name, node_id } = known
      const claims = {
        sub: String(id),
        preferred_username: login,
        ...(typeof name === 'string' && { name }),
        ...(typeof node_id === 'string' && { node_id }),
        ...email,
        ...groups,
      }
      return { claims, hidden: [...hidden].slice(0, maxHidden) }
    },
  }
}

/**
 * The ids of `X-GitHub-SSO: partial-results; organizations=21955855,20582480`: of a list GitHub leaves out without a word what
 * an organization keeps behind its single sign-on.
 *
 * @see https://docs.github.com/rest/authentication/authenticating-to-the-rest-api
 */
function hiddenIn({ headers }: Response): readonly string[] {
  const [, ids] =
    /^partial-results; *organizations=([\d, ]+)/.exec(headers.get('x-github-sso') ?? '') ?? []
  return ids?.match(/\d{1,20}/g) ?? []
}

/** @see https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api */
function refusal(response: Response, { pathname }: URL): AccessError {
  const { status, headers } = response
  if (status === 401)
    return new AccessError(
      'token-refused',
      'the sign-in service does not accept its access token',
      {
        hint: 'sign in again',
      },
    )
  const isLimited =
    status === 429 || headers.get('x-ratelimit-remaining') === '0' || headers.has('retry-after')
  if (isLimited || status >= 500) {
    const text = `the sign-in service cannot be reached: it answered ${pathname} with status ${status}`
    return new AccessError('provider-unavailable', text, { hint: 'try again in a moment' })
  }
  return invalid(`it answered ${pathname} with status ${status}`)
}

function invalid(why: string): AccessError {
  const text = `the sign-in service gave an answer that cannot be trusted: ${why}`
  return new AccessError('provider-invalid', text, {
    hint: 'sign in again; if it stays so, tell whoever runs this gateway',
  })
}
