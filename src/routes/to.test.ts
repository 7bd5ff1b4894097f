import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HostPort } from '../address.ts'
import { parseTo, schemeOf, weighUpstreams, type ParsedTo } from './to.ts'

function faultOf(text: string): string {
  const to = parseTo(text)
  assert.ok('fault' in to, text)
  return to.fault
}

describe('the to of a route', () => {
  test('names a host, a port and perhaps a weight', () => {
    assert.deepEqual(parseTo('tcp://DB.internal:5432'), {
      scheme: 'tcp',
      host: 'db.internal',
      port: 5432,
      weight: undefined,
    })
    assert.deepEqual(parseTo('tcp://[::1]:22,10'), {
      scheme: 'tcp',
      host: '::1',
      port: 22,
      weight: 10,
    })
    assert.deepEqual(parseTo('tcp://a:22, 4294967295'), {
      scheme: 'tcp',
      host: 'a',
      port: 22,
      weight: 4294967295,
    })
  })

  test('keeps the dot that ends a name: the look-up is for this very name', () => {
    const hostOf = (text: string): unknown => {
      const to = parseTo(text)
      return 'host' in to ? to.host : to
    }
    assert.equal(hostOf('tcp://Db.svc.cluster.local.:5432'), 'db.svc.cluster.local.')
    assert.equal(hostOf('tcp://db.:5432,10'), 'db.')
    assert.equal(hostOf('https://gate.example.com.'), 'gate.example.com.')
    assert.equal(hostOf('https://gate.example.com.:8443/'), 'gate.example.com.')
    for (const text of [
      'tcp://db..:5432',
      'tcp://127.0.0.1.:22',
      'tcp://[::1].:22',
      'tcp://.:22',
    ]) {
      assert.match(faultOf(text), /^must be tcp:\/\/HOST:PORT/, text)
    }
    // Such a name is looked up, and may be anywhere.
    assert.match(faultOf('http://localhost.'), /must be https/)
  })

  test('is refused when it is anything else', () => {
    assert.match(faultOf('udp://a:53'), /UDP/)
    for (const text of ['', 'tcp://a', 'tcp://a:22/x', 'tcp://u@a:22', 'tcp://*.a:22', 'a:22']) {
      assert.match(faultOf(text), /^must be tcp:\/\/HOST:PORT/)
    }
    for (const weight of ['0', '-1', '1.5', 'x', '', '4294967296']) {
      assert.match(faultOf(`tcp://a:22,${weight}`), /weight of/)
    }
  })

  test('is told how it is meant, without a password that is in it', () => {
    const meant: readonly (readonly [text: string, hint: string | undefined])[] = [
      ['db.internal:5432', 'write tcp://db.internal:5432'],
      ['ssh://10.0.0.1', 'write tcp://10.0.0.1:22'],
      ['ssh://deploy@Db.internal:2222/', 'write tcp://db.internal:2222'],
      ['postgres://app:pa/ss@db.internal/app', 'write tcp://db.internal:5432'],
      ['postgresql://app:pass@db.internal/app', 'write tcp://db.internal:5432'],
      ['tcp://db.internal', 'write tcp://db.internal:PORT, with the port of the service'],
      ['tcp://[::1]:', 'write tcp://[::1]:PORT, with the port of the service'],
      ['db.internal', 'write tcp://db.internal:PORT, with the port of the service'],
      ['tcp+https://db.example.com:5432', 'write tcp://db.example.com:5432'],
      [':22', 'write tcp://127.0.0.1:22 for a service on this machine'],
      ['ssh://', 'write tcp://HOST:22'],
      ['udp://app:pass@db.internal:53', undefined],
      ['tcp://app:pass@db.internal:53,x', undefined],
      ['connector://:pass@', undefined],
      ['connector://app:pass@db.internal:5432,1', 'leave the weight out'],
      ['connector://app:pass@db.internal/db:5432', undefined],
      ['connector://db/app:pass@db.internal:5432', undefined],
      ['tcp://', undefined],
      ['https://gw.example.com/path', undefined],
      ['nobody knows', undefined],
    ]
    for (const [text, hint] of meant) {
      const to = parseTo(text)
      assert.ok('fault' in to, text)
      assert.equal(to.hint, hint, text)
      assert.doesNotMatch(to.fault, /pass|pa\/ss/)
    }
  })

  test('has a weight on every upstream or on none', () => {
    const a = { host: 'a', port: 1, weight: 5 }
    const b = { host: 'b', port: 1, weight: undefined }
    const scheme = 'tcp'
    assert.deepEqual(weighUpstreams([{ ...a, scheme }]), [a])
    assert.deepEqual(weighUpstreams([{ ...b, scheme }]), [{ ...b, weight: 1 }])
    assert.ok(
      'fault' in
        weighUpstreams([
          { ...a, scheme },
          { ...b, scheme },
        ]),
    )
  })

  test('names a next gateway, with the port of its scheme where it has none', () => {
    const told = (text: string): unknown => {
      const to = parseTo(text)
      return 'host' in to ? [to.scheme, to.host, to.port, to.weight] : to
    }
    assert.deepEqual(told('https://GW.example.com'), ['https', 'gw.example.com', 443, undefined])
    assert.deepEqual(told('https://gw.example.com:8443/,3'), ['https', 'gw.example.com', 8443, 3])
    assert.deepEqual(told('https://[2001:db8::1]'), ['https', '2001:db8::1', 443, undefined])
    assert.deepEqual(told('http://localhost:8080'), ['http', 'localhost', 8080, undefined])
    assert.deepEqual(told('http://127.0.0.1'), ['http', '127.0.0.1', 80, undefined])
    assert.match(
      faultOf('http://gw.example.com:80'),
      /must be https: http is for a gateway on this/,
    )
    for (const text of [
      'https://',
      'https://u@gw',
      'https://gw/path',
      'https://gw?q',
      'https://*',
    ]) {
      assert.match(faultOf(text), /^must be tcp:\/\/HOST:PORT, or https:\/\/GATEWAY/, text)
    }
  })

  test('has one scheme for all', () => {
    const of = (scheme: 'tcp' | 'https' | 'http') =>
      ({ scheme, host: 'a', port: 1, weight: undefined }) as const
    assert.equal(schemeOf([of('tcp'), of('tcp')]), 'tcp')
    assert.equal(schemeOf([of('https')]), 'https')
    const mixed = { fault: 'cannot mix tcp and non-tcp To URLs' }
    assert.deepEqual(schemeOf([of('https'), of('tcp')]), mixed)
    assert.deepEqual(schemeOf([of('http'), of('https'), of('tcp')]), mixed)
    assert.deepEqual(schemeOf([of('http'), of('https')]), { fault: 'cannot mix http and https' })
  })

  test('names a tunnel, and perhaps what its connectors dial', () => {
    const scheme = 'connector'
    const uuid = 'b2f4a0c6-2d1c-4d7e-9a51-0f3c1f0f9a01'
    const meant: readonly (readonly [string, string | undefined, HostPort | undefined])[] = [
      ['connector://lab', 'lab', undefined],
      ['Connector://Lab_2.b-c/', 'Lab_2.b-c', undefined],
      [`connector://${uuid}`, uuid, undefined],
      ['connector://lab/DB.internal:5432', 'lab', { host: 'db.internal', port: 5432 }],
      ['connector://lab/[fd00::1]:22', 'lab', { host: 'fd00::1', port: 22 }],
      ['connector://', undefined, undefined],
      ['connector:///', undefined, undefined],
    ]
    for (const [text, tunnel, service] of meant)
      assert.deepEqual(parseTo(text), { scheme, tunnel, service }, text)
  })

  test('is refused where it names a tunnel as none can be named', () => {
    const form = /^must be connector:\/\/NAME, connector:\/\/NAME\/HOST:PORT, or /
    const names = ['-x', '.', 'a b', 'u@a', 'a:1', 'a?q', 'é', 'a\nb', 'x'.repeat(65)]
    for (const name of names) assert.match(faultOf(`connector://${name}`), form, name)
    assert.match(faultOf('connector:///db.internal:5432'), form)
    for (const address of ['db', 'db:0', 'db:5432/x', 'tcp://db:1', ':1'])
      assert.match(faultOf(`connector://lab/${address}`), /the HOST:PORT that the connector dials/)
    for (const text of ['connector://lab,3', 'connector://lab/db:1,2', 'connector://,1'])
      assert.match(faultOf(text), /has a weight: the connectors of a tunnel share its load/)
  })

  test('is a bastion, for which clients name what is dialled', () => {
    const parsed = parseTo('connector://lab/bastion')
    const service = undefined
    assert.deepEqual(parsed, { scheme: 'connector', tunnel: 'lab', service, isBastion: true })
    assert.match(faultOf('connector:///bastion'), /^must be connector:/)
  })

  test('is one connector, and nothing beside it', () => {
    const connector: ParsedTo = { scheme: 'connector', tunnel: 'lab', service: undefined }
    const tcp: ParsedTo = { scheme: 'tcp', host: 'a', port: 1, weight: undefined }
    assert.equal(schemeOf([connector]), 'connector')
    const mixed = { fault: 'cannot mix connector:// with other ways' }
    assert.deepEqual(schemeOf([connector, tcp]), mixed)
    assert.deepEqual(schemeOf([tcp, { ...tcp, scheme: 'https' }, connector]), mixed)
    const several = schemeOf([connector, { ...connector, tunnel: 'other' }])
    assert.ok(typeof several === 'object')
    assert.equal(several.fault, 'can name one connector:// only')
  })
})
