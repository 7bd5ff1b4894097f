import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  helloText as helloByDaemon,
  requestText as requestByDaemon,
} from '../../src/desktop/window/signed-text.ts'
import {
  helloText as helloByPage,
  requestText as requestByPage,
} from '../../src/web/desktop/proof/signed-text.ts'

const request = {
  origin: 'http://127.0.0.1:23456',
  run: 'run',
  method: 'POST',
  target: '/api/up?a=1',
  at: '17',
  nonce: 'nonce',
  bodyHash: 'hash',
}

test('the page and the daemon put the same text together, with everything that is signed in it', () => {
  const text = requestByPage(request)
  assert.equal(text, requestByDaemon(request))
  assert.deepEqual(text.split('\n').slice(1), Object.values(request))
  const { origin, run, nonce } = request
  const hello = helloByPage(origin, { run, at: 17, signature: '' }, nonce)
  assert.equal(hello, helloByDaemon({ origin, run, at: '17', nonce }))
  assert.deepEqual(hello.split('\n').slice(1), [origin, run, '17', nonce])
  assert.notEqual(text.split('\n')[0], hello.split('\n')[0])
})
