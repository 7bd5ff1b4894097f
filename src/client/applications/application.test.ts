import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseApplication } from './application.ts'

/** What is asked for, and where its gateway is. */
const found: Readonly<Record<string, readonly [authority: string, origin: string]>> = {
  'tcp.site.com': ['tcp.site.com:443', 'https://tcp.site.com'],
  'TCP.Site.com.': ['tcp.site.com:443', 'https://tcp.site.com'],
  'tcp.site.com:8443': ['tcp.site.com:443', 'https://tcp.site.com:8443'],
  'https://tcp.site.com/': ['tcp.site.com:443', 'https://tcp.site.com'],
  'tcp://tcp.site.com:8443': ['tcp.site.com:443', 'https://tcp.site.com:8443'],
  'http://tcp.site.com': ['tcp.site.com:443', 'https://tcp.site.com'],
  'bücher.example': ['xn--bcher-kva.example:443', 'https://xn--bcher-kva.example'],
  '192.0.2.7': ['192.0.2.7:443', 'https://192.0.2.7'],
  '::1': ['[::1]:443', 'https://[::1]'],
  '[2001:DB8::1]:8443': ['[2001:db8::1]:443', 'https://[2001:db8::1]:8443'],
}

describe('the host name of an application', () => {
  for (const [text, [authority, origin]] of Object.entries(found)) {
    test(`${text} is ${authority} at ${origin}`, () => {
      const destination = parseApplication(text)
      assert.deepEqual([destination.authority, destination.gateway.origin], [authority, origin])
    })
  }

  test('has its gateway elsewhere when that is named', () => {
    const { authority, gateway } = parseApplication('db.site.com', 'https://gw.site.com:8443')
    assert.deepEqual([authority, gateway.origin], ['db.site.com:443', 'https://gw.site.com:8443'])
  })

  for (const text of [
    '',
    'a b',
    'a:0',
    'a:70000',
    'user@a',
    'a,b',
    '1.2.3',
    'a\nb',
    '[fe80::1%1]',
  ]) {
    test(`is not ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseApplication(text), { code: 'invalid-hostname' })
    })
  }

  test('has no path, and the whole host is named for it', () => {
    const hint = 'write "tcp.site.com:8443"'
    for (const rest of ['/a', '?x=1', '/a?x', '#x'])
      assert.throws(() => parseApplication(`https://tcp.site.com:8443${rest}`), { hint })
  })
})
