import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { renderCallbackPage } from './callback-page.ts'
import { startCallbackServer } from './callback-server.ts'

function post(url: string, body: string): Promise<Response> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return fetch(url, { method: 'POST', headers, body })
}

describe('callback server', () => {
  test('takes one answer and shows a page that keeps nothing', async () => {
    await using server = await startCallbackServer()
    const response = await fetch(`${server.redirectUri}?code=secret-code`)
    assert.equal(response.status, 200)
    const page = await response.text()
    assert.match(page, /You are signed in/)
    assert.doesNotMatch(page, /secret-code/)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(response.headers.get('referrer-policy'), 'no-referrer')
    assert.match(response.headers.get('content-security-policy') ?? '', /^default-src 'none'/)
    assert.deepEqual(await server.answer, { kind: 'code', code: 'secret-code' })
  })

  test('takes a posted form as a stock Pomerium sends it', async () => {
    await using server = await startCallbackServer()
    assert.equal((await post(server.redirectUri, 'pomerium_jwt=a.b.c')).status, 200)
    assert.deepEqual(await server.answer, { kind: 'token', token: 'a.b.c' })
  })

  test('a second answer is not found', async () => {
    await using server = await startCallbackServer()
    await (await fetch(`${server.redirectUri}?code=first`)).text()
    assert.equal((await fetch(`${server.redirectUri}?code=second`)).status, 404)
    assert.deepEqual(await server.answer, { kind: 'code', code: 'first' })
  })

  test('every other path, method and content is not found, and ends nothing', async () => {
    await using server = await startCallbackServer()
    const { origin } = new URL(server.redirectUri)
    const attempts = [
      fetch(`${origin}/?code=x`),
      fetch(`${origin}/favicon.ico`),
      fetch(`${server.redirectUri}/?code=x`),
      fetch(`${server.redirectUri}?state=1`),
      fetch(`${server.redirectUri}?code=x`, { method: 'PUT' }),
      post(server.redirectUri, `code=${'x'.repeat(4_000_000)}`),
    ]
    for (const attempt of attempts) assert.equal((await attempt).status, 404)
    await fetch(
      `${server.redirectUri}?error=access_denied&error_description=not%20you&request_id=r1`,
    )
    assert.deepEqual(await server.answer, {
      kind: 'error',
      error: 'access_denied',
      description: 'not you',
      requestId: 'r1',
    })
  })

  test('two servers never share a path', async () => {
    await using first = await startCallbackServer()
    await using second = await startCallbackServer()
    const [a, b] = [first, second].map(({ redirectUri }) => new URL(redirectUri).pathname)
    assert.notEqual(a, b)
    assert.ok((a ?? '').length > 40)
  })
})

test('the page says who has signed in, and where, as text alone', async () => {
  await using server = await startCallbackServer()
  const said = new URLSearchParams({
    code: 'c',
    postern_person: 'a<b>@example.com\u202E\u001B[2J',
    postern_gateway: 'gate.example.com',
  })
  const page = await (await fetch(`${server.redirectUri}?${said.toString()}`)).text()
  assert.match(page, /as <b>a&#60;b&#62;@example\.com[^<]*<\/b> at gate\.example\.com/)
  for (const hidden of ['\u202E', '\u001B']) assert.ok(!page.includes(hidden))
})

test('a problem on the page cannot become markup', () => {
  const { html } = renderCallbackPage('nonce', '<script>alert("x")</script>')
  assert.doesNotMatch(html, /<script>alert/)
  assert.match(html, /&#60;script&#62;/)
})
