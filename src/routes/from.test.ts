import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseFrom } from './from.ts'

function faultOf(text: string): string {
  const from = parseFrom(text)
  assert.ok('fault' in from, text)
  return from.fault
}

describe('the from of a route', () => {
  test('names a host and a port, in any case', () => {
    const plain = { targets: [{ host: 'ssh.example.com', port: 22 }], gateway: undefined }
    assert.deepEqual(parseFrom('tcp+https://ssh.example.com:22'), plain)
    assert.deepEqual(parseFrom('TCP+HTTPS://SSH.Example.COM:22'), plain)
    assert.deepEqual(parseFrom('tcp+http://ssh.example.com:22'), plain)
    assert.deepEqual(parseFrom('tcp+https://ssh.example.com:22/'), plain)
  })

  test('may leave out the port, name an IPv6 address, or have wildcards', () => {
    const targets = (text: string): unknown => {
      const from = parseFrom(text)
      return 'fault' in from ? from.fault : from.targets
    }
    assert.deepEqual(targets('tcp+https://a.b'), [{ host: 'a.b', port: undefined }])
    assert.deepEqual(targets('tcp+https://[2001:DB8::1]:22'), [{ host: '2001:db8::1', port: 22 }])
    assert.deepEqual(targets('tcp+https://[::1]'), [{ host: '::1', port: undefined }])
    assert.deepEqual(targets('tcp+https://*.A.b:22'), [{ host: '*.a.b', port: 22 }])
    assert.deepEqual(targets('tcp+https://10.0.0.**:22'), [{ host: '10.0.0.*', port: 22 }])
  })

  test('in the extended form names the gateway and one or more targets', () => {
    assert.deepEqual(parseFrom('tcp+https://gate.example.com:8443/a:22/[::1]:23'), {
      targets: [
        { host: 'a', port: 22 },
        { host: '::1', port: 23 },
      ],
      gateway: 'gate.example.com:8443',
    })
    assert.match(faultOf('tcp+https://gate/a'), /"a" in .* must be host:port$/)
    assert.match(faultOf('tcp+https://gate/*.a:22'), /takes no wildcard/)
    assert.match(faultOf('tcp+https://*.gate/a:22'), /must be the gateway's host/)
    assert.match(faultOf('tcp+https://gate/a:22//b:22'), /must be host:port/)
  })

  test('of a kind that is not served is refused by its name', () => {
    assert.match(faultOf('https://a.example.com'), /web route/)
    assert.match(faultOf('udp+https://a.example.com:53'), /UDP/)
    assert.match(faultOf('ssh://a'), /native SSH/)
  })

  test('has nothing else in it', () => {
    const refused = [
      'u@h:1',
      'u:p@h:1',
      'h:1?q',
      'h:1#f',
      'h:0',
      'h:65536',
      'h:',
      '',
      ':1',
      'h h:1',
    ]
    for (const rest of [...refused, 'h\n:1', '[*]:1', '%41:1', '-h:1', '1.2.3:1', 'bü:1']) {
      faultOf(`tcp+https://${rest}`)
    }
    assert.match(faultOf(`tcp+https://${'a'.repeat(5000)}`), /at most 4096/)
  })

  test('that lacks the scheme is told what to write', () => {
    for (const text of ['ssh.example.com:22', 'tcp://ssh.example.com:22']) {
      const from = parseFrom(text)
      assert.ok('fault' in from)
      assert.equal(from.hint, 'write tcp+https://ssh.example.com:22')
    }
  })

  test('of any text is targets or a fault, and never throws', () => {
    const unit = fc.constantFrom('tcp+https://', 'a', '*', ':', '22', '/', '[', ']', '.', '@', '\n')
    fc.assert(fc.property(fc.array(unit), (units) => parseFrom(units.join('')) !== undefined))
  })
})
