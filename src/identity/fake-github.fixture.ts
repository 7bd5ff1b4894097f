import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'

/** What a GitHub Enterprise Server answers, as far as a sign-in goes; tests change it as they like. */
export interface FakeGithub {
  readonly url: URL
  readonly clientId: string
  readonly clientSecret: string
  user: { id: number; login: string; name?: string | null; node_id?: string }
  emails: { email: string; primary: boolean; verified: boolean; visibility?: string | null }[]
  organizations: string[]
  /** `ORGANIZATION/TEAM` */
  teams: string[]
  /** Whether tokens end and come with a refresh token, as those of a GitHub App do. */
  isApp: boolean
  /** Answers a path of the API otherwise; undefined as usual. */
  answer: (
    path: string,
  ) => { status: number; headers?: Record<string, string>; body?: unknown } | undefined
  /** What the callback names as the issuer; undefined for nothing. */
  issuer: string | undefined
  /** Paths of the API that were asked, with their queries. */
  readonly asked: string[]
  /** Takes back every token. */
  revoke(): void
}

export async function startFakeGithub(t: TestContext): Promise<FakeGithub> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const codes = new Map<string, { challenge: string; redirectUri: string }>()
  const tokens = new Set<string>()
  const github: FakeGithub = {
    url,
    clientId: 'Ov23',
    clientSecret: 'the secret of this app',
    user: { id: 583231, login: 'octocat', name: 'Mona', node_id: 'MDQ6VXNlcjU4MzIzMQ==' },
    emails: [
      { email: 'mona@home.example', primary: false, verified: true, visibility: null },
      { email: 'mona@corp.example', primary: true, verified: true, visibility: 'private' },
    ],
    organizations: ['acme'],
    teams: ['acme/ops'],
    isApp: false,
    answer: () => undefined,
    issuer: `${url.origin}/login/oauth`,
    asked: [],
    revoke: () => tokens.clear(),
  }
  const issue = (): object => {
    const access_token = `gho_${randomBytes(12).toString('hex')}`
    tokens.add(access_token)
    if (!github.isApp) return { access_token, token_type: 'bearer', scope: 'read:org,user:email' }
    const refresh_token = `ghr_${randomBytes(12).toString('hex')}`
    tokens.add(refresh_token)
    return { access_token, token_type: 'bearer', expires_in: 28_800, refresh_token, scope: '' }
  }

  function authorize(query: URLSearchParams, response: ServerResponse): void {
    const code = randomBytes(10).toString('hex')
    const redirectUri = query.get('redirect_uri') ?? ''
    codes.set(code, { challenge: query.get('code_challenge') ?? '', redirectUri })
    const back = new URL(redirectUri)
    back.searchParams.set('code', code)
    back.searchParams.set('state', query.get('state') ?? '')
    if (github.issuer !== undefined) back.searchParams.set('iss', github.issuer)
    response.writeHead(302, { location: back.href }).end()
  }

  function exchange(form: URLSearchParams): object {
    const isKnown =
      form.get('client_id') === github.clientId && form.get('client_secret') === github.clientSecret
    if (!isKnown) return { error: 'incorrect_client_credentials', error_description: 'no such app' }
    if (form.get('grant_type') === 'refresh_token') {
      const isGood = tokens.delete(form.get('refresh_token') ?? '')
      return isGood ? issue() : { error: 'bad_refresh_token', error_description: 'it is over' }
    }
    const begun = codes.get(form.get('code') ?? '')
    codes.delete(form.get('code') ?? '')
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    const isGood = begun?.challenge === challenge && begun.redirectUri === form.get('redirect_uri')
    return isGood ? issue() : { error: 'bad_verification_code', error_description: 'no such code' }
  }

  function api({ headers }: IncomingMessage, { pathname, search, searchParams }: URL) {
    const path = pathname.replace('/api/v3', '')
    github.asked.push(path + search)
    const [, token = ''] = (headers.authorization ?? '').split(' ')
    if (!tokens.has(token)) return { status: 401, body: { message: 'Bad credentials' } }
    const other = github.answer(path)
    if (other !== undefined) return other
    const page = <T>(all: readonly T[]): readonly T[] => {
      const [size, number] = ['per_page', 'page'].map((name) => Number(searchParams.get(name)))
      return all.slice(((number ?? 1) - 1) * (size ?? 30), (number ?? 1) * (size ?? 30))
    }
    const list = (all: readonly unknown[]) => ({ status: 200, body: page(all) })
    if (path === '/user') return { status: 200, body: github.user }
    if (path === '/user/emails') return list(github.emails)
    if (path === '/user/orgs') return list(github.organizations.map((login) => ({ login, id: 1 })))
    if (path !== '/user/teams') return { status: 404, body: { message: 'Not Found' } }
    return list(
      github.teams.map((team) => {
        const [login, slug] = team.split('/')
        return { id: 1, name: `The ${slug}`, slug, organization: { login, id: 1 } }
      }),
    )
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = new URL(request.url ?? '/', url)
    const json = { 'content-type': 'application/json; charset=utf-8' }
    if (asked.pathname === '/login/oauth/authorize') return authorize(asked.searchParams, response)
    if (asked.pathname === '/login/oauth/access_token') {
      const said = exchange(new URLSearchParams(await text(request)))
      response.writeHead(200, json).end(JSON.stringify(said))
      return
    }
    const { status, headers, body } = { headers: {}, ...api(request, asked) }
    response.writeHead(status, { ...json, ...headers }).end(JSON.stringify(body))
  }
  server.on('request', (request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  return github
}
