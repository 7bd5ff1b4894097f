import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hostsOf, parseDomain } from './domains.ts'

interface Case {
  readonly gateway: string
  readonly of: readonly string[]
  readonly notOf: readonly string[]
}

const cases: Readonly<Record<string, Case>> = {
  'itself, what is below it, and what is below its parent': {
    gateway: 'gateway.example.com',
    of: ['gateway.example.com', 'a.gateway.example.com', 'db.example.com', 'x.y.example.com'],
    notOf: ['example.com', 'com', 'github.com', 'badexample.com', 'example.com.evil.test'],
  },
  'the parent of a deeper name, and nothing above': {
    gateway: 'gw.corp.example.com',
    of: ['db.corp.example.com'],
    notOf: ['db.example.com', 'corp.example.com'],
  },
  'no neighbour of a domain of its own': {
    gateway: 'example.com',
    of: ['example.com', 'a.example.com'],
    notOf: ['github.com', 'com'],
  },
  'no neighbour below a suffix of two labels': {
    gateway: 'example.co.uk',
    of: ['a.example.co.uk'],
    notOf: ['other.co.uk'],
  },
  'no neighbour of a hoster’s customer': {
    gateway: 'alice.github.io',
    of: ['alice.github.io', 'a.alice.github.io'],
    notOf: ['mallory.github.io', 'github.io'],
  },
  'no customer of a hoster': {
    gateway: 'github.io',
    of: ['github.io'],
    notOf: ['mallory.github.io'],
  },
  'no customer of a hoster that is below its domain': {
    gateway: 'gw.amazonaws.com',
    of: ['db.amazonaws.com'],
    notOf: ['s3.amazonaws.com', 'bucket.s3.amazonaws.com'],
  },
  'a domain of one company that is on no list': {
    gateway: 'gw.corp.test',
    of: ['db.corp.test'],
    notOf: ['corp.test', 'db.test'],
  },
  'no neighbour of a name of two labels that is on no list': {
    gateway: 'gw.corp',
    of: ['gw.corp', 'a.gw.corp'],
    notOf: ['db.corp'],
  },
  'itself and names below it where it is one label': {
    gateway: 'localhost',
    of: ['localhost', 'ssh.localhost'],
    notOf: ['example.com', 'build'],
  },
  'its address alone': {
    gateway: '10.0.0.1',
    of: ['10.0.0.1'],
    notOf: ['10.0.0.2', 'a.0.0.1', 'example.com'],
  },
  'its IPv6 address alone': { gateway: 'fd00::1', of: ['fd00::1'], notOf: ['fd00::2'] },
  'the same name with a final dot': {
    gateway: 'gateway.example.com.',
    of: ['db.example.com', 'db.example.com.', 'gateway.example.com'],
    notOf: ['github.com.'],
  },
}

describe('a gateway has a say in', () => {
  for (const [what, { gateway, of, notOf }] of Object.entries(cases)) {
    test(what, () => {
      const isOfGateway = hostsOf(gateway, [])
      for (const host of of) assert.ok(isOfGateway(host), host)
      for (const host of notOf) assert.ok(!isOfGateway(host), host)
    })
  }

  test('what a person adds, and names below that', () => {
    const isOfGateway = hostsOf('gw.example.com', ['lab.example.net', '10.0.0.5'])
    for (const host of ['lab.example.net', 'a.lab.example.net', '10.0.0.5', 'db.example.com']) {
      assert.ok(isOfGateway(host), host)
    }
    for (const host of ['example.net', 'b.example.net', '10.0.0.6']) {
      assert.ok(!isOfGateway(host), host)
    }
  })
})

describe('a domain that a person adds', () => {
  test('is a name or an address, whatever its case', () => {
    assert.equal(parseDomain('LAB.example.com'), 'lab.example.com')
    assert.equal(parseDomain('internal'), 'internal')
    assert.equal(parseDomain('fd00::1'), 'fd00::1')
    assert.equal(parseDomain('[fd00::1]'), 'fd00::1')
    assert.equal(parseDomain('10.0.0.5'), '10.0.0.5')
  })

  test('is no public suffix', () => {
    for (const text of ['com', 'co.uk', 'github.io', 'COM']) {
      assert.throws(() => parseDomain(text), { code: 'invalid-domain', message: /public suffix/ })
    }
  })

  test('is no pattern, and nothing that a file would obey', () => {
    for (const text of ['*', '*.example.com', '!a.b', 'a b', 'a\nHost *', '"a"', '%h', 'a?b', '']) {
      assert.throws(() => parseDomain(text), { code: 'invalid-domain', message: /not a domain/ })
    }
  })
})
