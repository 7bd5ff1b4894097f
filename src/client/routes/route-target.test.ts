import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { formatRouteTarget, parseRouteFrom } from './route-target.ts'

const gateway = parseGatewayUrl('https://gate.example.com')

function destinations(from: string): readonly string[] | undefined {
  return parseRouteFrom(from, gateway)?.map((target) => formatRouteTarget(target, gateway))
}

describe('the from of a route, as a client reads it', () => {
  test('each form leads to what postern tcp takes', () => {
    assert.deepEqual(destinations('tcp+https://db.example.com:5432'), ['db.example.com:5432'])
    assert.deepEqual(destinations('tcp+https://DB.example.com:22/'), ['db.example.com:22'])
    assert.deepEqual(destinations('tcp+https://any.example.com'), ['any.example.com'])
    assert.deepEqual(destinations('tcp+https://**.lab.example.com:22'), ['*.lab.example.com:22'])
    assert.deepEqual(destinations('tcp+https://[fd00::1]:22'), ['[fd00::1]:22'])
    assert.deepEqual(destinations('tcp+https://other.example.com:8443/a:1/b:2'), [
      'https://other.example.com:8443/a:1',
      'https://other.example.com:8443/b:2',
    ])
    assert.deepEqual(destinations('tcp+https://gate.example.com:443/a:1'), ['a:1'])
  })

  test('what is no TCP route is none', () => {
    for (const from of [
      '',
      'https://app.example.com',
      'udp+https://dns.example.com:53',
      'tcp+https://',
      'tcp+https://a:0',
      'tcp+https://a:1:2',
      'tcp+https://a b:22',
      'tcp+https://a:22/b c:1',
      'tcp+https://-oProxyCommand=x:22',
      'tcp+https://user@host:22',
      'tcp+https://a:22?x#y',
    ])
      assert.equal(destinations(from), undefined, from)
  })

  test('whatever a gateway writes, hosts hold nothing but what names are made of', () => {
    const authority = fc.oneof(
      fc.string(),
      fc.domain(),
      fc.constantFrom('*.a.b', 'a:22', '[::1]:1'),
    )
    const any = fc.array(authority, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(any, (parts) => {
        for (const { host } of parseRouteFrom(`tcp+https://${parts.join('/')}`, gateway) ?? [])
          assert.match(host, /^[a-z0-9_.:*-]+$/)
      }),
      { numRuns: 2_000 },
    )
  })
})
