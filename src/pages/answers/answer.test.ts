import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { prefersHtml, renderRefusal } from './answer.ts'
import type { Refusal } from './refusal.ts'

const refusal: Refusal = {
  status: 403,
  code: 'policy_denied',
  message: 'route "<script>alert(1)</script>" is not for you',
  next: 'ask',
  reasons: ['email-unauthorized'],
}

test('HTML is for who prefers it or says nothing, JSON for who asks for it', () => {
  const html = [
    undefined,
    '',
    '*/*',
    'text/html',
    'text/html,application/xhtml+xml,*/*;q=0.8',
    'text/*',
    'application/json;q=0.5, text/html',
  ]
  const json = [
    'application/json',
    'application/json, text/html;q=0.9',
    'application/*',
    'text/plain',
    'image/png',
    'text/html;q=0, */*;q=0',
  ]
  for (const accept of html) assert.equal(prefersHtml(accept), true, String(accept))
  for (const accept of json) assert.equal(prefersHtml(accept), false, accept)
})

test('no Accept header breaks an answer', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 2000 }), (accept) => {
      const { headers, body } = renderRefusal(refusal, 'r1', accept)
      assert.equal(headers['content-length'], String(Buffer.byteLength(body)))
    }),
  )
})

test('what a page repeats is text, never markup', () => {
  const { body, headers } = renderRefusal(refusal, '<b>', 'text/html')
  assert.doesNotMatch(body, /<script>|<b>/)
  assert.match(body, /&lt;script&gt;/)
  assert.match(headers['content-security-policy'] ?? '', /default-src 'none'/)
})

test('a page that refuses leads on: to the sign-in where that has failed, else to the start', () => {
  const linksOf = (code: string, status = 403): string[] => {
    const { body } = renderRefusal({ ...refusal, code, status }, 'r1', 'text/html')
    return [...body.matchAll(/<a href="([^"]*)"/g)].map(([, href = '']) => href)
  }
  assert.deepEqual(linksOf('provider_unavailable', 503), ['/.pomerium/sign_in'])
  assert.deepEqual(linksOf('page_not_found', 404), ['/'])
  const failed = renderRefusal(
    { ...refusal, code: 'internal_error', status: 500 },
    'r1',
    'text/html',
  )
  assert.match(failed.body, /tell whoever runs this gateway/)
})

test('JSON carries code, sentence, next step, request id and reasons', () => {
  const { body, headers } = renderRefusal(refusal, 'r1', 'application/json')
  assert.equal(headers['content-type'], 'application/json; charset=UTF-8')
  assert.deepEqual(JSON.parse(body), {
    error: 'policy_denied',
    message: refusal.message,
    next: 'ask',
    request_id: 'r1',
    reasons: ['email-unauthorized'],
  })
})
