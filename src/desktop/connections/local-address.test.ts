import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isLoopbackHost, parseAuthority } from '../../address.ts'
import { ownAddress } from './local-address.ts'

const none: ReadonlySet<string> = new Set()

describe('the local address of a connection', () => {
  test('stays the same, and has the port of the service where people may listen on it', () => {
    assert.equal(ownAddress('db.corp:5432', none, 'linux'), '127.164.19.150:5432')
    assert.equal(ownAddress('DB.corp:5432', none, 'win32'), '127.164.19.150:5432')
    assert.match(ownAddress('ssh.corp:22', none, 'linux'), /:10022$/)
  })

  test('is a port of its own where there is one loopback address', () => {
    assert.match(ownAddress('db.corp:5432', none, 'darwin'), /^127\.0\.0\.1:(?:2\d|3[01])\d{3}$/)
  })

  test('is another one where it is taken, and always one on this machine', () => {
    const authority = fc.tuple(fc.domain(), fc.integer({ min: 1, max: 65_535 }))
    const platform = fc.constantFrom('linux' as const, 'darwin' as const, 'win32' as const)
    fc.assert(
      fc.property(authority, platform, ([host, port], platform) => {
        const first = ownAddress(`${host}:${port}`, none, platform)
        const second = ownAddress(`${host}:${port}`, new Set([first]), platform)
        assert.notEqual(first, second)
        for (const address of [first, second]) {
          const parsed = parseAuthority(address)
          assert.ok(parsed !== undefined && isLoopbackHost(parsed.host) && parsed.port >= 1_024)
        }
      }),
    )
  })
})
