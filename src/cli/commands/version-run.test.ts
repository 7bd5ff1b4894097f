import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runsOn } from './version-run.ts'

test('the runtime is told by the versions that it has, and its TLS library with it', () => {
  assert.deepEqual(runsOn({ node: '26.1.0', openssl: '3.5.4' }), {
    runtime: 'Node.js',
    runtimeVersion: '26.1.0',
    tls: 'OpenSSL',
    tlsVersion: '3.5.4',
  })
  const bun = runsOn({ node: '24.3.0', bun: '1.4.5', boringssl: 'f1ffd9', openssl: '1.1.0' })
  assert.deepEqual(Object.values(bun), ['Bun', '1.4.5', 'BoringSSL', 'f1ffd9'])
})
