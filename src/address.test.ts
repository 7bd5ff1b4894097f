import assert from 'node:assert/strict'
import { BlockList, isIPv6 } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  bracketed,
  canonicalIPv6,
  formatAuthority,
  isLoopbackHost,
  isSameAuthority,
  parseAuthority,
  parseHost,
  parsePort,
  unmapIPv4,
} from './address.ts'

const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,10}[a-z0-9])?$/)
const name = fc
  .tuple(fc.array(label, { maxLength: 4 }), fc.stringMatching(/^[a-z]{1,8}$/))
  .map(([labels, last]) => [...labels, last].join('.'))
const ipv4 = fc.ipV4()
const ipv6 = fc.ipV6().filter((address) => isIPv6(address) && !address.includes('.'))
const port = fc.integer({ min: 1, max: 65_535 })

describe('an authority', () => {
  test('that was formatted parses to the same host and port', () => {
    const host = fc.oneof(name, ipv4, ipv6)
    fc.assert(
      fc.property(host, port, (host, port) => {
        const parsed = parseAuthority(formatAuthority({ host, port }))
        assert.ok(parsed)
        assert.equal(parsed.port, port)
        assert.deepEqual(parseAuthority(formatAuthority(parsed)), parsed)
        if (!host.includes(':')) assert.equal(parsed.host, host)
      }),
    )
  })

  test('is the same in any case', () => {
    fc.assert(
      fc.property(name, port, (host, port) => {
        assert.deepEqual(parseAuthority(`${host.toUpperCase()}:${port}`), { host, port })
      }),
    )
  })

  test('is the same with the dot of the root behind a name, and with one alone', () => {
    fc.assert(
      fc.property(name, port, (host, port) => {
        assert.deepEqual(parseAuthority(`${host}.:${port}`), { host, port })
        assert.equal(parseAuthority(`${host}..:${port}`), undefined)
      }),
    )
    for (const text of ['.', '..', '127.0.0.1.', '[::1].', 'a..b', '.a', '1.']) {
      assert.equal(parseHost(text), undefined, text)
    }
    assert.equal(parseHost(`${'a.'.repeat(126)}a.`), `${'a.'.repeat(126)}a`)
  })

  test('is the same as another by host and port, and what is none by its letters', () => {
    for (const other of ['Db.example.com:22', 'db.example.com.:22', 'DB.EXAMPLE.COM.:22']) {
      assert.ok(isSameAuthority('db.example.com:22', other), other)
    }
    for (const other of ['db.example.com:23', 'db.example.com', 'db.example.com..:22', '']) {
      assert.ok(!isSameAuthority('db.example.com:22', other), other)
    }
    assert.ok(isSameAuthority('Localhost', 'localhost'))
    assert.ok(!isSameAuthority('localhost.', 'localhost'))
  })

  test('is the same for every spelling of an IPv6 address', () => {
    const one = parseAuthority('[2001:db8::1]:22')
    assert.deepEqual(one, { host: '2001:db8::1', port: 22 })
    assert.deepEqual(parseAuthority('[2001:0DB8:0:0:0:0:0:1]:22'), one)
  })

  test('of any other text is undefined or formats to nothing but itself, and never throws', () => {
    const noise = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({
        unit: fc.constantFrom('a', '1', '.', ':', '[', ']', '-', '%', '@', '/', '\n', ' '),
      }),
    )
    fc.assert(
      fc.property(noise, (text) => {
        const parsed = parseAuthority(text)
        if (parsed === undefined || parsed.host.includes(':')) return
        // The dot of the root is left out.
        assert.equal(formatAuthority(parsed), text.toLowerCase().replace(/\.:(\d+)$/, ':$1'))
      }),
      { numRuns: 2000, examples: [['a.:1']] },
    )
  })

  test('needs a host and a port, and nothing around them', () => {
    const refused = [
      '',
      ':22',
      'host',
      'host:',
      'host:0',
      'host:022',
      'host:65536',
      'host:+22',
      'host: 22',
      ' host:22',
      'host:22 ',
      'host\n:22',
      'user@host:22',
      'https://host:22',
      'host:22/path',
      '::1:22',
      '[::1]22',
      '[::1',
      '[::1%eth0]:22',
      '[host]:22',
      '*.host:22',
    ]
    for (const text of refused) assert.equal(parseAuthority(text), undefined, text)
  })
})

describe('a host', () => {
  test('is no name that a URL would read as an IPv4 address', () => {
    for (const text of ['1.2.3', '0x7f.1', '127.1', '2130706433', '1.2.3.256', 'a.0x']) {
      assert.equal(parseHost(text), undefined, text)
    }
  })

  test('keeps to the lengths of DNS', () => {
    const longest = [...Array.from({ length: 3 }, () => 'a'.repeat(63)), 'a'.repeat(61)].join('.')
    assert.equal(parseHost(longest), longest)
    assert.equal(parseHost(`${longest}a`), undefined)
    assert.equal(parseHost('a'.repeat(64)), undefined)
  })

  test('is ASCII: no other letter is taken for one that looks like it', () => {
    assert.equal(parseHost('\u212a.example.com'), undefined)
    assert.equal(parseHost('bücher.example.com'), undefined)
    assert.equal(parseHost('xn--bcher-kva.example.com'), 'xn--bcher-kva.example.com')
  })
})

test('a port is 1 to 65535 in plain decimal', () => {
  fc.assert(fc.property(port, (port) => assert.equal(parsePort(String(port)), port)))
  for (const text of ['0', '65536', '-1', '1e3', '', '٣']) assert.equal(parsePort(text), undefined)
})

test('a loopback host is one by its very name', () => {
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.9.9.9', '::1', '[::1]']) {
    assert.ok(isLoopbackHost(host), host)
  }
  for (const host of ['127.0.0.1.example.com', 'localhost.example.com', '10.0.0.1', '::', '']) {
    assert.ok(!isLoopbackHost(host), host)
  }
})

test('an IPv4 address in IPv6 clothes is shown as IPv4', () => {
  assert.equal(unmapIPv4('::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(unmapIPv4('::FFFF:192.0.2.1'), '192.0.2.1')
  assert.equal(unmapIPv4('2001:db8::1'), '2001:db8::1')
  assert.equal(unmapIPv4('192.0.2.1'), '192.0.2.1')
})

test('an IPv6 address has one form, however it is written', () => {
  assert.equal(canonicalIPv6('2001:DB8:0:0:0:0:0:1'), '2001:db8::1')
  assert.equal(canonicalIPv6('1:2:3:4::192.0.2.1'), '1:2:3:4::c000:201')
  assert.equal(canonicalIPv6('::3:4:5:6:192.0.2.1'), '::3:4:5:6:c000:201')
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const form = canonicalIPv6(address)
      const same = new BlockList()
      same.addAddress(address, 'ipv6')
      assert.ok(same.check(form, 'ipv6'))
      assert.ok(!form.includes('.'))
      assert.equal(canonicalIPv6(form), form)
    }),
  )
})

test('only IPv6 gets brackets', () => {
  assert.equal(bracketed('::1'), '[::1]')
  assert.equal(bracketed('192.0.2.1'), '192.0.2.1')
  assert.equal(bracketed('example.com'), 'example.com')
})
