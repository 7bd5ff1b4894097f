import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { welcomePage } from './account-page.ts'
import { command } from './command.ts'
import { page, securityHeaders } from './layout.ts'

test('the security policy allows the very style that a page carries', () => {
  const [, style = ''] = /<style>([^]*)<\/style>/.exec(welcomePage(true)) ?? []
  assert.notEqual(style, '')
  const hash = createHash('sha256').update(style).digest('base64')
  const policy = securityHeaders['content-security-policy'] ?? ''
  assert.ok(policy.includes(`style-src 'sha256-${hash}'`), policy)
})

test('a command that wraps does so between words, and is copied as it is', () => {
  const text = 'cloudflared access tcp --hostname <a&b>'
  const markup = page('commands', command(text))
    .replace(/^[^]*<\/p>|<\/main>[^]*$/g, '')
    .trim()
  assert.match(markup, /^<code>(?:<span>\S+ ?<\/span>)+<\/code>$/)
  const copied = markup.replaceAll(/<[^>]*>/g, '')
  assert.equal(copied, 'cloudflared access tcp --hostname &lt;a&amp;b&gt;')
})
