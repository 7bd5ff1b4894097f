import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { ConfigError, PeerError } from '../../errors.ts'
import type { Fault } from '../wire/common.ts'
import { createApiRig, testOrigin, type ApiRigOptions } from './api.fixture.ts'
import { endpoint, type Endpoints } from './endpoint.ts'

/** An endpoint that keeps what it was asked, and one that fails as it is told. */
function echoing(error?: Error) {
  const asked: unknown[] = []
  const endpoints: Endpoints = () => [
    endpoint({
      method: 'post',
      path: '/echo/{name}',
      role: 'admin',
      summary: 'Echo',
      params: z.strictObject({ name: z.string() }),
      query: z.strictObject({ loud: z.enum(['yes', 'no']).optional() }),
      body: z.strictObject({ text: z.string().max(5) }),
      answer: z.strictObject({ text: z.string() }),
      status: 201,
      serve({ params, query, body }) {
        if (error !== undefined) throw error
        asked.push({ params, query, body })
        return { text: body.text }
      },
    }),
    endpoint({
      method: 'get',
      path: '/echo/{name}',
      role: 'auditor',
      summary: 'Nothing',
      serve: () => undefined,
    }),
  ]
  return { asked, endpoints: [endpoints] }
}

function rigOf(options: ApiRigOptions & { readonly error?: Error } = {}) {
  const { asked, endpoints } = echoing(options.error)
  return { ...createApiRig({ role: { role: 'admin' }, ...options, endpoints }), echoed: asked }
}

/** Asks for an endpoint with a body that comes as it is written. */
function sendSlowly(app: ReturnType<typeof createApiRig>['app']) {
  const bytes = new TransformStream<Uint8Array>()
  const request = new Request(`${testOrigin}/api/v1/echo/a`, {
    method: 'POST',
    headers: { cookie: 'ada', 'x-postern-request': '1', 'content-type': 'application/json' },
    body: bytes.readable,
    duplex: 'half',
  })
  const client = { ip: '192.0.2.1', endpoints: undefined }
  const answering = Promise.resolve(app.fetch(request, { requestId: 'r1', client }))
  return { answering, writer: bytes.writable.getWriter() }
}

const faultOf = async (response: Response): Promise<Fault> => (await response.json()) as Fault

describe('an endpoint', () => {
  test('is given what it declares, and its answer is sent as JSON that nobody keeps', async () => {
    const { ask, echoed } = rigOf()
    const answer = await ask('POST', '/echo/a%2Fb?loud=yes', { body: { text: 'hi' } })
    assert.equal(answer.status, 201)
    assert.deepEqual(await answer.json(), { text: 'hi' })
    assert.deepEqual(echoed, [
      { params: { name: 'a/b' }, query: { loud: 'yes' }, body: { text: 'hi' } },
    ])
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.equal((await ask('GET', '/echo/a')).status, 204)
  })

  test('is given nothing that it does not declare, and whoever sent it hears where it is wrong', async () => {
    const { ask, echoed } = rigOf()
    const cases = [
      ['/echo/a?loud=maybe', { text: 'hi' }, 'query.loud'],
      ['/echo/a?loud=yes&loud=no', { text: 'hi' }, 'query.loud'],
      ['/echo/a?quiet=1', { text: 'hi' }, 'query.quiet'],
      ['/echo/a', { text: 'too long' }, 'body.text'],
      ['/echo/a', { text: 'hi', more: 1 }, 'body.more'],
      ['/echo/a', { text: 7 }, 'body.text'],
      ['/echo/a', [], 'body'],
      ['/echo/a', '{"text":', 'body'],
      ['/echo/a', '', 'body'],
      ['/echo/a', `{"text":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'body'],
    ] as const
    for (const [path, body, at] of cases) {
      const answer = await ask('POST', path, { body })
      assert.equal(answer.status, 400, path + JSON.stringify(body))
      const fault = await faultOf(answer)
      assert.equal(fault.error, 'malformed_request')
      assert.equal(fault.problems?.[0]?.path, at, JSON.stringify(fault))
    }
    assert.deepEqual(echoed, [])
  })

  test('a body that is no JSON, or too large, is refused', async () => {
    const { ask, echoed } = rigOf()
    const form = { 'content-type': 'text/plain' }
    const plain = await ask('POST', '/echo/a', { body: '{"text":"hi"}', headers: form })
    assert.equal(plain.status, 415)
    const large = await ask('POST', '/echo/a', { body: { text: 'x'.repeat(1024 * 1024) } })
    assert.deepEqual([large.status, (await faultOf(large)).error], [413, 'request_too_large'])
    assert.deepEqual(echoed, [])
  })

  test('another path is not found, another method is told which there are', async () => {
    const { ask } = rigOf()
    assert.equal((await ask('GET', '/nothing')).status, 404)
    const other = await ask('DELETE', '/echo/a')
    assert.deepEqual([other.status, other.headers.get('allow')], [405, 'POST, GET'])
  })

  test('an answer that is not what it declares fails the test that asked', async () => {
    const wrong: Endpoints = () => [
      endpoint({
        method: 'get',
        path: '/wrong',
        role: 'signed-in',
        summary: 'Wrong',
        answer: z.strictObject({ text: z.string() }),
        serve: () => ({ text: 7 }) as unknown as { text: string },
      }),
    ]
    const { ask, errors } = createApiRig({ endpoints: [wrong] })
    assert.equal((await ask('GET', '/wrong')).status, 500)
    assert.equal(errors.length, 1)
  })
})

describe('a fault', () => {
  const cases = [
    [new PeerError('tunnel-not-found', 'no such tunnel', { hint: 'look' }), 404],
    [new PeerError('conflict', 'it has changed'), 409],
    [new PeerError('service-account-exists', 'there is one'), 409],
    [new PeerError('anything', 'it is wrong'), 400],
    [new ConfigError([{ source: 'a', path: 'from', message: 'is required' }]), 422],
  ] as const
  test('has a status by its code, the request id, and what to do', async () => {
    for (const [error, status] of cases) {
      const { ask } = rigOf({ error })
      const answer = await ask('POST', '/echo/a', { body: { text: 'hi' } })
      const fault = await faultOf(answer)
      assert.deepEqual([answer.status, fault.request_id], [status, 'r1'])
      assert.equal(fault.error, error.code.replaceAll('-', '_'))
      assert.equal(fault.hint, error.hint)
    }
  })

  test('that is ours tells nothing of itself, and the log all of it', async () => {
    const { ask, errors } = rigOf({ error: new Error('SELECT secret') })
    const answer = await ask('POST', '/echo/a', { body: { text: 'hi' } })
    assert.equal(answer.status, 500)
    assert.ok(!(await answer.text()).includes('SELECT'))
    assert.deepEqual(errors, [
      { message: 'cannot serve the API', error: 'SELECT secret', 'request-id': 'r1' },
    ])
  })
})

describe('who asks', () => {
  const body = { text: 'hi' }

  test('whoever is not signed in, or no longer, hears that', async () => {
    const { ask, versions } = rigOf()
    const stranger = await ask('POST', '/echo/a', { as: 'nobody', body })
    assert.equal(stranger.status, 401)
    assert.equal(stranger.headers.get('www-authenticate'), 'Bearer')
    versions.set('s-ada', 0)
    assert.equal((await ask('POST', '/echo/a', { body })).status, 401)
  })

  test('whoever is refused for their role is named in the log', async () => {
    const { ask, warnings } = rigOf({ role: { role: 'auditor' } })
    assert.equal((await ask('GET', '/echo/a')).status, 204)
    assert.equal((await ask('POST', '/echo/a', { as: 'nobody', body })).status, 401)
    assert.deepEqual(warnings, [])
    assert.equal((await ask('POST', '/echo/a?loud=yes', { as: 'bob', body })).status, 403)
    assert.deepEqual(warnings, [
      {
        message: 'administration refused',
        method: 'POST',
        path: '/api/v1/echo/a',
        why: 'role_required',
        'by-user': 'user-of-s-bob',
        'by-email': 'bob@example.com',
        'by-session-id': 's-bob',
        ip: '192.0.2.1',
        'request-id': 'r1',
      },
    ])
  })

  test('the role is the least that the endpoint asks for', async () => {
    const table = [
      [undefined, 403, 403],
      [{ role: 'auditor' }, 204, 403],
      [{ role: 'admin', namespaces: ['db'] }, 403, 403],
      [{ role: 'admin' }, 204, 201],
    ] as const
    for (const [role, get, post] of table) {
      const { ask, echoed } = rigOf({ role })
      const found = [await ask('GET', '/echo/a'), await ask('POST', '/echo/a', { body })]
      assert.deepEqual(
        found.map(({ status }) => status),
        [get, post],
        JSON.stringify(role),
      )
      assert.equal(echoed.length, post === 201 ? 1 : 0)
    }
  })

  test('a role that goes while the body arrives is missed before anything is done', async () => {
    let isAdmin = true
    const { endpoints, asked } = echoing()
    const { app } = createApiRig({
      endpoints,
      parts: { roleOf: () => (isAdmin ? { role: 'admin' } : undefined) },
    })
    const { answering, writer } = sendSlowly(app)
    await writer.write(Buffer.from('{"text":'))
    isAdmin = false
    await writer.write(Buffer.from('"hi"}'))
    await writer.close()
    assert.equal((await answering).status, 403)
    assert.deepEqual(asked, [])
  })

  test('whoever may not is told before their body has come', async () => {
    const { endpoints } = echoing()
    for (const role of [undefined, { role: 'auditor' }] as const) {
      const { app } = createApiRig({ endpoints, parts: { roleOf: () => role } })
      const { answering, writer } = sendSlowly(app)
      assert.equal((await answering).status, 403)
      await writer.abort()
    }
  })

  test('another site cannot use the cookie, by whatever it makes a browser send', async () => {
    const { ask, echoed } = rigOf()
    const attempts = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'cross-site', 'x-postern-request': '' },
      { 'sec-fetch-site': '', origin: 'https://evil.example' },
      { 'sec-fetch-site': '', origin: 'null' },
      { 'sec-fetch-site': '', 'x-postern-request': '' },
      { 'x-postern-request': '' },
      { 'x-postern-request': '0' },
    ]
    for (const headers of attempts) {
      const answer = await ask('POST', '/echo/a', { body, headers })
      assert.equal(answer.status, 403, JSON.stringify(headers))
      assert.equal((await faultOf(answer)).error, 'origin_not_allowed')
    }
    assert.deepEqual(echoed, [])
    const read = await ask('GET', '/echo/a', { headers: { 'sec-fetch-site': 'cross-site' } })
    assert.equal(read.status, 403)
    const typed = { 'sec-fetch-site': 'none', 'x-postern-request': '' }
    assert.equal((await ask('GET', '/echo/a', { headers: typed })).status, 204)
    const old = { 'sec-fetch-site': '', origin: testOrigin }
    assert.equal((await ask('POST', '/echo/a', { body, headers: old })).status, 201)
  })

  test('a service account comes by its token alone, and needs no more', async () => {
    const { ask } = rigOf()
    for (const authorization of ['Bearer deploy', 'bearer Pomerium-deploy', 'Pomerium deploy']) {
      const headers = { authorization, 'sec-fetch-site': 'cross-site' }
      const answer = await ask('POST', '/echo/a', { as: 'nobody', body, headers })
      assert.equal(answer.status, 201, authorization)
    }
  })

  test("the token of a person's client, or a worthless one, is no credential here, cookie or not", async () => {
    const { ask, echoed } = rigOf()
    for (const authorization of ['Bearer person', 'Bearer x', 'Basic YTpi', '']) {
      const headers = { authorization: authorization || 'Bearer' }
      const answer = await ask('POST', '/echo/a', { body, headers })
      assert.equal(answer.status, 401, authorization)
    }
    assert.deepEqual(echoed, [])
  })

  test('under another name there is no API', async () => {
    const { ask } = rigOf()
    assert.equal((await ask('GET', '/echo/a', { base: 'https://db.example.com' })).status, 404)
  })
})

describe('me', () => {
  test('says what somebody may, and refuses whoever may nothing', async () => {
    const roles = { 'user-of-s-ada': { role: 'admin', namespaces: ['db'] } } as const
    const { ask } = createApiRig({ roles })
    assert.deepEqual(await (await ask('GET', '/me')).json(), {
      kind: 'person',
      user: 'user-of-s-ada',
      name: 'ada@example.com',
      email: 'ada@example.com',
      role: 'admin',
      namespaces: ['db'],
    })
    assert.equal((await ask('GET', '/me', { as: 'bob' })).status, 403)
  })
})
