import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redirectTricks } from '../../identity/redirect-tricks.fixture.ts'
import { parseOwnPage } from './own-page.ts'

const origin = new URL('https://gate.example.com:8443')

test('a sign-in leads back to pages of ours that people come to', () => {
  for (const path of ['/console/', '/console/tunnels?q=a%20b#end', '/.postern/refused/abc'])
    assert.equal(parseOwnPage(path, origin)?.href, `${origin.origin}${path}`)
})

test('it leads to no other site, and to nothing else of ours', () => {
  for (const text of [
    '',
    '/',
    '//other.example.com/console/',
    '/\\other.example.com/console/',
    'https://other.example.com/console/',
    'https://gate.example.com/console/',
    'https://u:p@other.example.com:8443/console/',
    'javascript:alert(1)//console/',
    '/console/../.pomerium/sign_out',
    '/console/%2e%2e/.pomerium/sign_out',
    '/consoles/',
    `/console/${'a'.repeat(2000)}`,
  ])
    assert.equal(parseOwnPage(text, origin), undefined, text)
})

test('none of the ways in which a place is made to look like a page of ours leads anywhere', () => {
  // As a gateway has it that is reached at the usual port.
  const usual = new URL('https://gate.example.com')
  for (const own of [origin, usual])
    for (const [what, text] of redirectTricks(own.host))
      assert.equal(parseOwnPage(text, own), undefined, `${what}: ${JSON.stringify(text)}`)
})
