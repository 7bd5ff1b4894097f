import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseRequestFields } from './request-fields.ts'

describe('further fields of a request', () => {
  test('are sent in lower case, repeated ones together, and the destination with them', () => {
    assert.deepEqual(parseRequestFields(['X-Team: dba', 'x-team:ops', 'X-Empty:'], 'ssh://h:22'), {
      'x-team': 'dba, ops',
      'x-empty': '',
      'cf-access-jump-destination': 'h:22',
    })
  })

  test('say neither who asks nor how it is carried, and no value is repeated', () => {
    const refused = [
      'Authorization: s3cret',
      'X-Pomerium-Authorization: s3cret',
      'cf-access-client-secret: s3cret',
      'Host: s3cret',
    ]
    for (const header of [...refused, 'sec-websocket-key: s3cret', 'Upgrade: s3cret']) {
      assert.throws(
        () => parseRequestFields([header], undefined),
        (error: Error & { code?: string }) =>
          error.code === 'invalid-header' && !error.message.includes('s3cret'),
      )
    }
  })

  test('are no way to smuggle a line', () => {
    for (const header of ['a: b\r\nc: d', 'a\n: b', ': b', 'a b: c', 'a', '']) {
      assert.throws(() => parseRequestFields([header], undefined), { code: 'invalid-header' })
    }
  })
})
