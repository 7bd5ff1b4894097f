import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { welcomePage } from './account-page.ts'
import { securityHeaders } from './layout.ts'

test('the security policy allows the very style that a page carries', () => {
  const [, style = ''] = /<style>([^]*)<\/style>/.exec(welcomePage(true)) ?? []
  assert.notEqual(style, '')
  const hash = createHash('sha256').update(style).digest('base64')
  const policy = securityHeaders['content-security-policy'] ?? ''
  assert.ok(policy.includes(`style-src 'sha256-${hash}'`), policy)
})
