import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Role } from '../../access/administrators.ts'
import { PeerError } from '../../errors.ts'
import { testRoute, testSession } from '../../gateway/gateway.fixture.ts'
import type { OwnTrace } from '../../policy/tracing/trace-for.ts'
import { toRefusal } from '../answers/refusal.ts'
import { denialOf } from './denial.fixture.ts'
import { createRefusedPages, type AskedOnPage, type RefusedParts } from './refused-pages.ts'

const origin = new URL('https://gate.example.com')
const trace: OwnTrace = {
  outcome: 'deny',
  hasMore: false,
  rules: [
    {
      side: 'allow',
      number: 1,
      operators: [
        {
          needs: 'one',
          criteria: [
            {
              criterion: 'groups',
              found: 'no group <b>',
              value: false,
              reason: 'groups-unauthorized',
              sentence: 'you are not in the groups this route names',
              needed: 'be in a group that this route names',
            },
          ],
        },
      ],
    },
  ],
}
const advice = [{ policy: 'on-call', explanation: 'Only <on-call>', remediation: 'Call +1 555' }]
const alice = { ...testSession('alice', 'alice@example.com'), userId: 'u-alice' }
const bob = testSession('bob', 'bob@example.com')
const denial = denialOf({ trace, advice, contact: 'dba@example.com', namespace: 'db' })

function createRig({
  standing = 'may-ask',
  role,
  maxMs = 3_600_000,
}: { standing?: 'allowed' | 'may-ask' | 'none'; role?: Role; maxMs?: number } = {}) {
  const asked: AskedOnPage[] = []
  let failure: Error | undefined
  const route = testRoute('tcp+https://db.example.com:5432', [1], [])
  const approval = { approvers: route.policy, maxMs }
  const people = new Map([
    ['alice', alice],
    ['bob', bob],
  ])
  const parts = {
    origin,
    identity: {
      fromCookie(cookie: string | undefined) {
        const session = people.get(cookie ?? '')
        return Promise.resolve(session && { session, version: 1 })
      },
      deviceFormToken: ({ sessionId, secretHash }: Record<string, string>) =>
        `${sessionId} ${secretHash}`,
      isDeviceFormToken: ({ sessionId, secretHash }: Record<string, string>, token: string) =>
        token === `${sessionId} ${secretHash}`,
      providers: { all: [{ id: 'default' }] },
      signIn: {
        begin: () => Promise.resolve({ location: new URL('https://idp.example.com'), cookies: [] }),
      },
    },
    denials: {
      remembered: (id: string) => (id === denial.id ? denial : undefined),
      stored: (id: string) => Promise.resolve(id === denial.id ? denial : undefined),
    },
    roleOf: () => role,
    routeById: () => ({ ...route, approval }),
    standingOf: () => standing,
    pendingOf: () => undefined,
    requestAccess(_c: unknown, _found: unknown, wish: AskedOnPage) {
      if (failure !== undefined) return Promise.reject(failure)
      asked.push(wish)
      return Promise.resolve({ id: 'ar-1' })
    },
  } as unknown as RefusedParts
  const app = createRefusedPages(parts)
  app.onError((error) => new Response(null, { status: toRefusal(error).status }))
  const env = { requestId: 'r1', client: { ip: '192.0.2.1', endpoints: undefined } }
  const fetch = (as: string, id: string, init: RequestInit = {}, host = origin.host) => {
    const headers = { cookie: as, ...(init.headers as Record<string, string>) }
    return app.fetch(
      new Request(`https://${host}/.postern/refused/${id}`, { ...init, headers }),
      env,
    )
  }
  const post = (as: string, fields: Record<string, string>, from = origin.origin) =>
    fetch(as, denial.id, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: from },
    })
  return { fetch, post, asked, fail: (error: Error) => void (failure = error) }
}

const form = {
  form_token: `${alice.id} refused ${denial.id}`,
  for_seconds: '900',
  reason: 'incident 7',
}

test('the person reads what failed, what is needed and whom to ask, and nothing is markup', async () => {
  const answer = await createRig().fetch('alice', denial.id)
  assert.equal(answer.status, 200)
  const text = await answer.text()
  for (const part of [
    'Your email address is not among those this route names.',
    'be in a group that this route names',
    'found: no group &lt;b&gt;',
    'Only &lt;on-call&gt;',
    'Call +1 555',
    '<a href="mailto:dba@example.com" rel="noreferrer">dba@example.com</a>',
    '<code>db.example.com:5432</code>',
    'value="3600"',
    '15 minutes',
  ])
    assert.ok(text.includes(part), part)
  assert.ok(!text.includes('4 hours'))
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'/)
})

test('to everybody else it is the page of an id that nobody has, byte for byte', async () => {
  const { fetch } = createRig()
  const [theirs, none] = [await fetch('bob', denial.id), await fetch('bob', 'none')]
  assert.deepEqual([theirs.status, none.status], [404, 404])
  assert.equal(await theirs.text(), await none.text())
  const otherNamespace = createRig({ role: { role: 'admin', namespaces: ['web'] } })
  assert.equal((await otherNamespace.fetch('bob', denial.id)).status, 404)
})

test('a stranger is sent to sign in, whatever the id', async () => {
  const { fetch } = createRig()
  for (const id of [denial.id, 'none']) {
    const answer = await fetch('', id)
    assert.equal(answer.status, 302)
    assert.equal(answer.headers.get('location'), 'https://idp.example.com/')
  }
  const elsewhere = await fetch('alice', denial.id, {}, 'db.example.com')
  assert.equal(elsewhere.headers.get('location'), `${origin.href}.postern/refused/${denial.id}`)
})

test('who administers the route sees it, and asks for nothing in the name of others', async () => {
  const { fetch, post, asked } = createRig({ role: { role: 'admin', namespaces: ['db'] } })
  const text = await (await fetch('bob', denial.id)).text()
  assert.ok(text.includes('alice@example.com could not use db'))
  assert.ok(!text.includes('<form'))
  const byBob = { ...form, form_token: `${bob.id} refused ${denial.id}` }
  assert.equal((await post('bob', byBob)).status, 404)
  assert.deepEqual(asked, [])
})

test('the person asks for access on the page, with its own form alone', async () => {
  const { post, asked, fail } = createRig()
  const answer = await post('alice', form)
  assert.ok((await answer.text()).includes('ar-1'))
  assert.deepEqual(asked, [{ route: 'db', for_seconds: 900, reason: 'incident 7' }])
  assert.equal((await post('alice', form, 'https://evil.example.com')).status, 403)
  assert.equal((await post('alice', { ...form, form_token: 'guessed' })).status, 403)
  assert.equal(asked.length, 1)
  fail(new PeerError('access-request-exists', 'you have asked already', { hint: 'wait' }))
  const again = await (await post('alice', { ...form, reason: 'incident "7"' })).text()
  assert.ok(again.includes('id="fault">You have asked already: wait.</p>'))
  assert.match(again, /value="incident &quot;7&quot;"/)
  assert.deepEqual(chosenIn(again), ['900'])
})

test('how long is chosen from what is usual and the longest, an hour at first', async () => {
  const offered = async (maxMs: number): Promise<readonly (readonly string[])[]> => {
    const text = await (await createRig({ maxMs }).fetch('alice', denial.id)).text()
    return [
      [...text.matchAll(/type="radio"[^>]*value="(\d+)"/g)].map((it) => it[1] ?? ''),
      chosenIn(text),
    ]
  }
  assert.deepEqual(await offered(600_000), [['600'], ['600']])
  assert.deepEqual(await offered(1_800_000), [['900', '1800'], ['1800']])
  assert.deepEqual(await offered(7_200_000), [['900', '3600', '7200'], ['3600']])
})

function chosenIn(text: string): string[] {
  return [...text.matchAll(/value="(\d+)"[^>]*\bchecked\b/g)].map((it) => it[1] ?? '')
}

test('whoever may use it by now is told so, and whom asking does not help has no form', async () => {
  const allowed = await (await createRig({ standing: 'allowed' }).fetch('alice', denial.id)).text()
  assert.ok(allowed.includes('By now you may use it'))
  const none = await (await createRig({ standing: 'none' }).fetch('alice', denial.id)).text()
  assert.ok(!none.includes('<form'))
})
