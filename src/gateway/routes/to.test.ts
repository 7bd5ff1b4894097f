import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseTo, weighUpstreams } from './to.ts'

function faultOf(text: string): string {
  const to = parseTo(text)
  assert.ok('fault' in to, text)
  return to.fault
}

describe('the to of a route', () => {
  test('names a host, a port and perhaps a weight', () => {
    assert.deepEqual(parseTo('tcp://DB.internal:5432'), {
      host: 'db.internal',
      port: 5432,
      weight: undefined,
    })
    assert.deepEqual(parseTo('tcp://[::1]:22,10'), { host: '::1', port: 22, weight: 10 })
    assert.deepEqual(parseTo('tcp://a:22, 4294967295'), { host: 'a', port: 22, weight: 4294967295 })
  })

  test('is refused when it is anything else', () => {
    assert.match(faultOf('https://other'), /another gateway, which is not supported yet/)
    assert.match(faultOf('udp://a:53'), /UDP/)
    for (const text of ['', 'tcp://a', 'tcp://a:22/x', 'tcp://u@a:22', 'tcp://*.a:22', 'a:22']) {
      assert.match(faultOf(text), /^must be tcp:\/\/HOST:PORT/)
    }
    for (const weight of ['0', '-1', '1.5', 'x', '', '4294967296']) {
      assert.match(faultOf(`tcp://a:22,${weight}`), /weight of/)
    }
  })

  test('has a weight on every upstream or on none', () => {
    const a = { host: 'a', port: 1, weight: 5 }
    const b = { host: 'b', port: 1, weight: undefined }
    assert.deepEqual(weighUpstreams([a, a]), [a, a])
    assert.deepEqual(weighUpstreams([b]), [{ ...b, weight: 1 }])
    assert.ok('fault' in weighUpstreams([a, b]))
  })
})
