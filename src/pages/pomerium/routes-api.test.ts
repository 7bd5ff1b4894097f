import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Identity } from '../../identity/identity.ts'
import { testRoute, testSession } from '../../gateway/gateway.fixture.ts'
import type { Caller } from '../../access/caller.ts'
import { seeRoutes } from '../../routes/seen.ts'
import { waysTo } from '../../routes/ways.ts'
import { createRoutesApi, stockCommand, type RoutesApiParts } from './routes-api.ts'

const context = { requestId: 'r', client: { ip: '192.0.2.1', endpoints: undefined } }
const path = 'https://gate.example.com:8443/.pomerium/api/v1/routes'
const routes = [
  testRoute('tcp+https://public.example.com:22', [1]),
  testRoute('tcp+https://*.example.com:5432', [1], [{ allow: { and: [{ accept: true }] } }]),
  testRoute(
    'tcp+https://mine.example.com:7',
    [1],
    [{ allow: { or: [{ groups: { has: 'x' } }] } }],
    {
      isListed: true,
      contact: 'dba@example.com',
    },
  ),
]

/** What the API answers, with the callers it asked for. */
async function ask(signIn: RoutesApiParts['signIn'], userAgent = 'postern/1.0.0', url = path) {
  const callers: Caller[] = []
  const seenBy: RoutesApiParts['seenBy'] = (caller, gateway) => {
    callers.push(caller)
    const facts = { method: 'CONNECT', path: '', sourceIp: caller.client.ip, nowMs: 0 }
    const decide = (route: (typeof routes)[number]) =>
      route.policy.evaluate({ ...facts, subject: caller.session })
    return seeRoutes(routes, decide, { gateway, isSignedIn: caller.session !== undefined })
  }
  const answer = await createRoutesApi({ signIn, seenBy }).request(
    url,
    { headers: { 'user-agent': userAgent } },
    context,
  )
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, text, callers }
}

/** Everybody is this person, or nobody. */
function identityOf(session: ReturnType<typeof testSession> | undefined): RoutesApiParts['signIn'] {
  const found = session && { session, version: 1 }
  const identity = { fromHeaders: () => Promise.resolve(found) } as Partial<Identity> as Identity
  return { identity, origin: new URL('https://auth.example.com') }
}

describe('the routes API', () => {
  test('lists what is public where nobody can sign in, under the name it was asked by', async () => {
    const { status, headers, text } = await ask(undefined)
    assert.deepEqual([status, headers.get('cache-control')], [200, 'no-store'])
    const { routes: found, ...rest } = JSON.parse(text) as { routes: Record<string, unknown>[] }
    assert.deepEqual(
      found.map(({ connect_command: command }) => command),
      ['postern tcp --gateway https://gate.example.com:8443 public.example.com:22', undefined],
    )
    assert.deepEqual(Object.keys(rest), ['listed_routes'])
  })

  test('answers 401 without a session where people can sign in, and decides nothing', async () => {
    const { status, callers } = await ask(identityOf(undefined))
    assert.deepEqual([status, callers], [401, []])
  })

  test('tells a stock client its own commands, and no field that it does not know', async () => {
    const person = identityOf(testSession('s', 'ada@example.com'))
    for (const userAgent of ['Go-http-client/1.1', 'curl/8.14.1', '']) {
      const { text } = await ask(person, userAgent)
      const [first, pattern] = (JSON.parse(text) as { routes: Record<string, unknown>[] }).routes
      assert.equal(first?.['connect_command'], 'pomerium-cli tcp public.example.com:22')
      assert.equal(first?.['commands'], undefined)
      assert.equal(pattern?.['connect_command'], undefined)
    }
  })

  test('names the gateway to a stock client where it would not find it', async () => {
    const command = (from: string, gateway: string) => {
      const [way] = waysTo({ from }, gateway)
      return way && stockCommand({ from }, way)
    }
    assert.equal(
      command('tcp+https://db.example.com:5432', 'https://gate.example.com:8443'),
      'pomerium-cli tcp --pomerium-url https://gate.example.com:8443 db.example.com:5432',
    )
    assert.equal(
      command('tcp+https://bastion.example.com/db.example.com:5432', 'https://gate.example.com'),
      'pomerium-cli tcp tcp+https://bastion.example.com/db.example.com:5432',
    )
  })

  test('has for each route what stock clients read', async () => {
    const { text } = await ask(identityOf(testSession('s', 'ada@example.com')))
    const [first] = (JSON.parse(text) as { routes: Record<string, unknown>[] }).routes
    const { commands, ...stock } = first ?? {}
    assert.deepEqual(stock, {
      id: 'a0c443bfe85a1ede',
      name: 'public.example.com:22',
      type: 'tcp',
      from: 'tcp+https://public.example.com:22',
      description: '',
      connect_command: 'postern tcp --gateway https://auth.example.com public.example.com:22',
    })
    assert.equal((commands as { tool: string }[])[0]?.tool, 'ssh')
  })

  test('keeps what is listed only apart, with the reason and the contact', async () => {
    const { text } = await ask(identityOf(testSession('s', 'ada@example.com')))
    const { listed_routes: listed } = JSON.parse(text) as { listed_routes: unknown[] }
    assert.deepEqual(listed, [
      {
        id: 'f842d8a994239871',
        name: 'mine.example.com:7',
        type: 'tcp',
        from: 'tcp+https://mine.example.com:7',
        description: '',
        reasons: ['groups-unauthorized'],
        why: 'you are not in the groups this route names',
        contact: 'dba@example.com',
      },
    ])
  })
})
