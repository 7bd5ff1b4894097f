import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redirectTricks } from './redirect-tricks.fixture.ts'
import { parseRedirect } from './redirect.ts'

test('"localhost" covers every loopback address, any port and path, http and https', () => {
  for (const text of [
    'http://127.0.0.1:52046',
    'http://127.0.0.1:1/path?query=1',
    'http://127.8.9.10:80/',
    'http://localhost:8080/callback',
    'http://LOCALHOST/',
    'https://localhost/',
    'http://[::1]:7000/',
    'http://localhost.:8080/',
    // As a browser reads it, and as we send it on: 127.0.0.1.
    'http://0x7f.1/',
  ]) {
    assert.equal(parseRedirect(text, ['localhost'])?.href, new URL(text).href, text)
  }
})

test('other hosts, schemes and tricks with them are refused', () => {
  for (const text of [
    '',
    'nonsense',
    '/relative',
    '//evil.example.com',
    'https://evil.example.com/',
    'http://localhost.evil.example.com/',
    'http://127.0.0.1.evil.example.com/',
    'http://evil.example.com/127.0.0.1',
    'http://localhost@evil.example.com/',
    'http://user@localhost/',
    'http://:password@localhost/',
    'http://evil.example.com\\@localhost/',
    'http://[::]/',
    'http://0.0.0.0/',
    'http://128.0.0.1/',
    'http://[::ffff:127.0.0.1]/',
    'ftp://localhost/',
    'javascript:alert(1)',
    'data:text/html,localhost',
    `http://localhost/${'x'.repeat(2000)}`,
  ]) {
    assert.equal(parseRedirect(text, ['localhost']), undefined, text)
  }
})

test('a listed host matches exactly, without case, by https only', () => {
  const domains = ['Portal.example.com']
  assert.ok(parseRedirect('https://portal.example.com:8443/x', domains))
  assert.equal(parseRedirect('http://portal.example.com/', domains), undefined)
  assert.equal(parseRedirect('https://a.portal.example.com/', domains), undefined)
  assert.equal(parseRedirect('https://example.com/', domains), undefined)
  assert.equal(parseRedirect('http://127.0.0.1/', domains), undefined)
  assert.ok(parseRedirect('https://portal.example.com./x', domains))
  assert.ok(parseRedirect('https://portal.example.com/x', ['portal.example.com.']))
  assert.equal(parseRedirect('https://portal.example.com../x', domains), undefined)
  assert.ok(parseRedirect('http://127.0.0.1/', ['127.0.0.1']))
  assert.equal(parseRedirect('http://127.0.0.2/', ['127.0.0.1']), undefined)
})

test('none of the ways in which a place is made to look like a listed host leads away from it', () => {
  const host = 'portal.example.com'
  const tricks = redirectTricks(host)
  assert.ok(new Set(tricks.map(([, text]) => text)).size > 66)
  for (const [what, text] of tricks) {
    const found = parseRedirect(text, [host])
    // Of a listed host every port is.
    const isOurs = what === 'our host with another port'
    assert.equal(found?.hostname, isOurs ? host : undefined, `${what}: ${JSON.stringify(text)}`)
  }
})

test('no way in which this machine is written for a browser leads to another one', () => {
  for (const [what, text] of redirectTricks('localhost')) {
    const found = parseRedirect(text, ['localhost'])
    const isOurs = ['our host by http', 'our host with another port'].includes(what)
    assert.equal(found?.hostname, isOurs ? 'localhost' : undefined, what)
  }
})
