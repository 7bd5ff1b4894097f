import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connectionSettings, type ConnectionInput } from '../wire/connection.ts'
import { readLocalAddress } from './local-place.ts'
import { checkConnection } from './check-connection.ts'

function check(input: Partial<ConnectionInput>) {
  return checkConnection(
    connectionSettings.parse({ name: 'db', destination: 'db.corp:5432', ...input }),
  )
}

function faultsOf(input: Partial<ConnectionInput>): readonly string[] {
  return check(input).faults.map(({ key, message }) => `${key}: ${message}`)
}

describe('the settings of a connection', () => {
  test('mean a destination, a gateway and an address', () => {
    const { faults, checked } = check({ gateway: 'gate.corp:8443', listen: '5432' })
    assert.deepEqual(faults, [])
    assert.equal(checked?.destination?.authority, 'db.corp:5432')
    assert.equal(checked?.destination?.gateway.origin, 'https://gate.corp:8443')
    assert.deepEqual(readLocalAddress('5432'), { kind: 'tcp', host: '127.0.0.1', port: 5432 })
    assert.equal(checked?.unsupported, undefined)
    assert.deepEqual(check({}).faults, [])
  })

  test('name every fault at its key', () => {
    const faults = faultsOf({
      destination: 'nowhere',
      listen: '-',
      gateway: 'http://gate.corp',
      ca_file: 'ca.pem',
      ca_cert: 'PEM',
      client_cert_file: 'cert.pem',
      client_cert: 'PEM',
    })
    assert.deepEqual(
      faults
        .map((fault) => fault.split(':')[0] ?? '')
        .sort((one, other) => one.localeCompare(other)),
      [
        'ca_cert',
        'client_cert',
        'client_key',
        'client_key_file',
        'destination',
        'gateway',
        'listen',
      ],
    )
  })

  test('no name or tag hides anything, or begins a line', () => {
    assert.deepEqual(faultsOf({ name: 'größer "db"', tags: ['a b'] }), [])
    for (const text of ['a\nb', 'a\u202eb', 'a\u200bb', 'a\u001b[2J']) {
      assert.match(faultsOf({ name: text })[0] ?? '', /^name: must be one line/)
      assert.match(faultsOf({ tags: ['a', text] })[0] ?? '', /^tags: each must be one line/)
    }
  })

  test('a wrong gateway is one fault, at the gateway', () => {
    assert.deepEqual(faultsOf({ gateway: 'a b' }).length, 1)
    assert.match(faultsOf({ gateway: 'a b' })[0] ?? '', /^gateway: /)
  })

  test('by UDP, or with a certificate of the system, are kept and cannot be up', () => {
    const udp = check({ protocol: 'udp', destination: 'udp+https://dns.corp:53' })
    assert.match(udp.checked?.unsupported ?? '', /UDP is not supported/)
    assert.equal(udp.checked?.destination, undefined)
    assert.deepEqual(faultsOf({ protocol: 'udp', destination: 'nothing' }).length, 1)
    const stored = check({ client_cert_from_store: { issuer: 'CN=corp' } })
    assert.match(stored.checked?.unsupported ?? '', /certificate store/)
  })
})
