import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePort, parseService } from './options.ts'

test('a port is a number, 0 for any', () => {
  assert.deepEqual(['0', '9443', '65535'].map(parsePort), [0, 9443, 65_535])
  for (const text of ['70000', '', '-1', '1e3', '0x10', ' 1']) {
    assert.throws(() => parsePort(text), { message: 'expected a number from 0 to 65535' }, text)
  }
})

test('a service is a URL, and whoever leaves its scheme out is told what to write', () => {
  assert.deepEqual(parseService('tcp://127.0.0.1:5432'), { host: '127.0.0.1', port: 5432 })
  assert.deepEqual(parseService('TCP://[::1]:22/'), { host: '::1', port: 22 })
  for (const [text, instead] of [
    ['127.0.0.1:5433', 'tcp://127.0.0.1:5433'],
    ['http://127.0.0.1:80', 'tcp://127.0.0.1:5432'],
    ['tcp://127.0.0.1', 'tcp://127.0.0.1:5432'],
  ] as const) {
    const message = `expected a URL such as "${instead}"`
    assert.throws(() => parseService(text), { message }, text)
  }
})
